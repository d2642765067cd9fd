/**
 * Switches the power of one USB port off and on again, under POSIX sh, and prints what came of it in one word. Arguments: what
 * `usbPortArguments` makes.
 *
 * By uhubctl where the node has it, else by the kernel's own switch (Linux 6.0 and later: `disable` of the port in sysfs, and
 * of its USB 3 twin, because either keeps the power on). Power is cut only where sysfs shows the coordinator itself at that
 * port; where the coordinator is gone already, the port is only switched on. Ended half-way, the port gets its power back: by
 * the trap, and where even that was killed, by a process of its own session that was started before the power was cut.
 */
export const USB_PORT_SCRIPT = `
sys=$1 usb=$2 hub=$3 number=$4 port=$1/bus/usb/devices/$5 stick=$6 off_s=$7 rescue_s=$8 stayed=

if command -v uhubctl >/dev/null 2>&1; then by=uhubctl
elif [ -e "$port/disable" ]; then by=sysfs
else echo no-switch; exit 0; fi

# $1: seconds to wait, then as below.
ON='sleep "$1"
if [ "$2" = uhubctl ]; then exec uhubctl -l "$3" -p "$4" -a on; fi
for f in "$5/peer/disable" "$5/disable"; do [ ! -e "$f" ] || echo 0 >"$f" || exit 1; done'

on() { sh -c "$ON" sh 0 "$by" "$hub" "$number" "$port" >/dev/null 2>&1; }
off() {
  if [ $by = uhubctl ]; then uhubctl -l "$hub" -p "$number" -a off >/dev/null 2>&1; return; fi
  [ ! -e "$port/peer/disable" ] || echo 1 2>/dev/null >"$port/peer/disable"
  echo 1 2>/dev/null >"$port/disable"
}
is_on() { [ $by = uhubctl ] || [ "$(cat "$port/disable")" = 0 ]; }

if [ -e "$stick" ]; then
  tty=$(readlink -f "$stick")
  at=$(readlink -f "$sys/class/tty/\${tty##*/}/device")
  # Not behind a hub that is plugged in there: others would lose their power, too.
  case $at/ in */"$usb"/"$usb":*) ;; *) echo elsewhere; exit 0 ;; esac

  setsid sh -c "$ON" sh "$rescue_s" "$by" "$hub" "$number" "$port" </dev/null >/dev/null 2>&1 &
  rescue=$!
  trap 'on && kill -TERM -$rescue; exit 1' HUP INT TERM
  off || { on && kill -TERM -$rescue; echo refused; exit 0; }
  sleep "$off_s"
  [ ! -e "$stick" ] || stayed=1
  on && is_on || { echo left-off; exit 0; }
  kill -TERM -$rescue
else
  on && is_on || { echo left-off; exit 0; }
fi
[ -z "$stayed" ] && echo done || echo stayed
`;

/** The port as the kernel names it, such as `1-1.2`, in the words of uhubctl and of sysfs. */
export function usbPortArguments(usbPort: string): {
  readonly hub: string;
  readonly number: string;
  readonly directory: string;
} {
  const cut = Math.max(usbPort.lastIndexOf("."), usbPort.lastIndexOf("-"));
  const hub = usbPort.slice(0, cut);
  const number = usbPort.slice(cut + 1);
  const isRootHub = !hub.includes("-");
  const directory = isRootHub ? `${hub}-0:1.0/usb${hub}-port${number}` : `${hub}:1.0/${hub}-port${number}`;
  return { hub, number, directory };
}
