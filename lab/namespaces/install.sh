# Lays a host's own files over its system, before its first boot.
# Runs in a mount namespace of its own. $1: directory of the host on this machine, $2: its disk.
set -eu
. "${0%/*}/mounts.sh"
directory=$1 disk=$2
root=$directory/root

mount -t overlay -o "lowerdir=/,upperdir=$disk/upper,workdir=$disk/work" root "$root"
cd "$root"
mkdir -p home media mnt opt root run srv tmp usr/local/bin usr/local/sbin \
  etc/init.d etc/runlevels/sysinit etc/runlevels/boot etc/runlevels/default etc/runlevels/shutdown \
  etc/mosquitto etc/ssh etc/systemd/system/multi-user.target.wants \
  var/cache var/lib var/log var/mail var/spool var/tmp
chmod 1777 tmp var/tmp
chmod 700 root
ln -s /run var/run
ln -s /run/lock var/lock
mount_table "$directory/mounts"
cp -a "$directory/staging/." .
