/** Exit statuses by which the script tells why there is no conversation, or no more. */
export const PORT_STATUS = { missing: 71, denied: 72, busy: 73, gone: 74, toolMissing: 75 } as const;

/** The script's first line, when the port is ours and set. */
export const READY = "ready\n";

/**
 * Holds the serial port `$1` and passes bytes both ways until its input ends, the stick is gone, or `$2` seconds have passed:
 * the node of a connection that is lost without a word would else keep the port.
 *
 * The lock is the one that Zigbee2MQTT takes (an exclusive flock on the device), and it is taken before any setting is
 * touched. 115200 baud, 8N1, raw; without HUPCL the modem lines stay as opening the port left them: on a Sonoff Dongle-P a
 * wrong combination of DTR and RTS enters the bootloader. `kill 0` reaches this script's own session only.
 *
 * `dd` passes on what a read brings. busybox's `cat` must not be used: it leaves that to the kernel (sendfile), which keeps the
 * pipe to sshd locked while it waits for the stick, and with it the whole connection.
 */
export const SERIAL_SCRIPT = `
p=$1
for tool in flock stty dd; do
  command -v $tool >/dev/null 2>&1 || exit ${PORT_STATUS.toolMissing}
done
[ -c "$p" ] || exit ${PORT_STATUS.missing}
[ -r "$p" ] && [ -w "$p" ] || exit ${PORT_STATUS.denied}
talk() {
  flock -n 3 2>/dev/null || exit ${PORT_STATUS.busy}
  stty raw 115200 cs8 -parenb -cstopb -crtscts -ixon -ixoff cread clocal -hupcl -echo -iexten min 1 time 0 <&3 2>/dev/null ||
    exit ${PORT_STATUS.missing}
  exec 4<&0
  echo ready
  dd bs=1024 <&4 >&3 4<&- 2>/dev/null &
  writer=$!
  { dd bs=1024 <&3; kill $writer; } 2>/dev/null 4<&- &
  { sleep "$2"; kill $writer; } >/dev/null 2>&1 3<&- 4<&- &
  wait $writer
  status=$?
  trap "" TERM
  kill 0
  wait
  flock -u 3
  [ $status = 0 ] || exit ${PORT_STATUS.gone}
  exit 0
}
talk "$@" 2>/dev/null 3<>"$p"
exit ${PORT_STATUS.missing}
`;

/** Keeps other commands off the node while a coordinator on the network is spoken with, which has no lock of its own. */
export const HOLD_SCRIPT = `
echo ready
while IFS= read -r line; do :; done
`;
