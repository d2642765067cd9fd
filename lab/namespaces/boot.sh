# Becomes a host: the first process of new mount, PID, UTS, IPC, cgroup and time namespaces makes the host's file tree,
# moves into it and turns into its init system.
# $1: directory of the host on this machine, $2: the host's disk, $3: host name, $4: file to join its cgroup,
# $5: where to mount cgroup v2 for the init, empty for nowhere, $6...: the init program
set -eu
. "${0%/*}/mounts.sh"

# The cgroup that a process is in when it makes a cgroup namespace is the root that the namespace shows.
if [ -z "${LAB_JOINED-}" ]; then
  echo 0 >"$4" # 0 means the writer itself.
  LAB_JOINED=yes exec unshare --cgroup sh "$0" "$@"
fi

directory=$1 disk=$2 name=$3 cgroup_mount=$5
shift 5
root=$directory/root

# /proc is still this machine's: it tells this process by which id it is known outside.
read -r pid rest </proc/self/stat
exec 3>"$directory/init.pid"

hostname "$name"
mount -t overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" root "$root"
cd "$root"

mount -t tmpfs -o mode=0755 run run
mount -t tmpfs -o mode=1777 tmp tmp
mkdir -p run/lab/usb

# Devices: the harmless ones of this machine, terminals of its own, no disks.
mount -t tmpfs -o mode=0755 dev dev
for device in null zero full random urandom tty; do
  : >"dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir dev/pts dev/shm
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr

# Where emulated dongles are: the pseudo terminals of this machine. dongle.sh binds one of them to /dev/ttyUSB0.
mkdir -m 0700 run/lab/usb/pts
mount --bind /dev/pts run/lab/usb/pts

# A kernel of its own, as far as a process can tell: boot id, and uptime by the time namespace.
mount -t proc -o nosuid,nodev,noexec proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --bind "$directory/boot_id" proc/sys/kernel/random/boot_id
# A system request would reach this machine's kernel.
[ ! -e proc/sysrq-trigger ] || mount --bind dev/null proc/sysrq-trigger

# The bus that a dongle is found on: sysfs, with the serial ports and the place of USB devices replaced by the host's own.
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs sys
mount -t tmpfs -o mode=0755 class-tty sys/class/tty
mount -t tmpfs -o mode=0755 usb sys/devices/virtual/tty

[ -z "$cgroup_mount" ] || mount -t cgroup2 cgroup ".$cgroup_mount"

mount_table "$directory/mounts"

pivot_root . mnt
umount -l /mnt

# Only now may anybody enter: before, this process would have led them to this machine's own files.
echo "$pid" >&3
exec 3>&-

# Without these a host's root user could set this machine's clock, load modules or write its disks.
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin container=lxc \
  setpriv --bounding-set -sys_time,-sys_module,-sys_rawio,-mknod "$@"
