# Plugs an emulated dongle into a host, or pulls it. Runs inside the host.
# $1: plug or unplug, $2: name of the serial port (ttyUSB0), and to plug: $3: number of the pseudo terminal,
# $4: the stick's serial number, $5: its name under /dev/serial/by-id, empty where nothing makes such names (Alpine)
set -eu
action=$1 port=$2
bus=/sys/devices/virtual/tty/usb-$port
interface=$bus/1-1/1-1:1.0

if [ "$action" = unplug ]; then
  umount -l "/dev/$port"
  rm -f "/dev/$port" "/sys/class/tty/$port"
  find /dev/serial/by-id -lname "*/$port" -delete 2>/dev/null || true
  rm -rf "$bus"
  exit 0
fi

number=$3 serial=$4 by_id=$5
terminal=/run/lab/usb/pts/$number
chown root:dialout "$terminal"
chmod 0660 "$terminal"
: >"/dev/$port"
mount --bind "$terminal" "/dev/$port"

# As the kernel's cp210x driver shows a stick: the serial number stands two directories above the port's `device`.
mkdir -p "$interface/$port/tty/$port"
ln -s "../../../$port" "$interface/$port/tty/$port/device"
ln -s "../..${interface#/sys}/$port/tty/$port" "/sys/class/tty/$port"
echo "$serial" >"$bus/1-1/serial"
echo 10c4 >"$bus/1-1/idVendor"
echo ea60 >"$bus/1-1/idProduct"
echo "ITead" >"$bus/1-1/manufacturer"
echo "Sonoff Zigbee 3.0 USB Dongle Plus" >"$bus/1-1/product"

[ -n "$by_id" ] || exit 0
mkdir -p /dev/serial/by-id
ln -s "../../$port" "/dev/serial/by-id/$by_id"
