import type { Host } from "../../hosts/host.ts";
import { ask, toRecords } from "./ask.ts";

/**
 * Lists USB serial devices with the descriptors that sysfs has of them (which is all that Alpine has: mdev makes no by-id
 * links), the by-id links, and where `$1` leads to. The USB device is one of the directories above the tty's own.
 */
const DEVICES_SCRIPT = `
field() { printf '%s\\0' "$(head -c 256 "$1" 2>/dev/null)"; }
for tty in /sys/class/tty/ttyUSB* /sys/class/tty/ttyACM*; do
  [ -e "$tty/device" ] || continue
  directory=$(readlink -f "$tty/device")
  while [ -n "$directory" ] && ! [ -e "$directory/idVendor" ]; do directory=\${directory%/*}; done
  [ -n "$directory" ] || continue
  printf 'stick\\0%s\\0' "\${tty##*/}"
  field "$directory/serial"; field "$directory/manufacturer"; field "$directory/product"
done
for link in /dev/serial/by-id/*; do
  [ -e "$link" ] && printf 'link\\0%s\\0%s\\0' "$link" "$(readlink -f "$link")"
done
if [ -n "$1" ] && [ -e "$1" ]; then printf 'given\\0%s\\0' "$(readlink -f "$1")"; fi
true
`;

/** A USB stick with a serial port. */
export interface Stick {
  /** `/dev/ttyUSB0` */
  readonly tty: string;
  /** USB serial number; undefined if the stick has none. */
  readonly serialNumber: string | undefined;
  /** Manufacturer, product and by-id name in one text, to be recognised by. */
  readonly description: string;
  /** Its link in /dev/serial/by-id, where the system makes such links. */
  readonly byId: string | undefined;
}

export interface SerialDevices {
  readonly sticks: readonly Stick[];
  /** Device to which the path that was asked about leads; undefined if it is not there now. */
  readonly given: string | undefined;
}

/** The USB serial devices of a node. `path` may be empty. */
export async function listSerialDevices(host: Host, path: string): Promise<SerialDevices> {
  const fields = await ask(host, { script: DEVICES_SCRIPT, args: [path], about: "its serial devices" });
  const records = toRecords(fields, { stick: 4, link: 2, given: 1 });
  const links = new Map(
    records.filter((record) => record.kind === "link").map(({ values: [link = "", target = ""] }) => [target, link]),
  );
  const sticks = records
    .filter((record) => record.kind === "stick")
    .map(({ values: [name = "", serial = "", manufacturer = "", product = ""] }) => {
      const tty = `/dev/${name}`;
      const byId = links.get(tty);
      links.delete(tty);
      return { tty, serialNumber: printable(serial), description: `${manufacturer} ${product} ${byId ?? ""}`, byId };
    });
  // A link whose device sysfs does not show (a container, an unusual driver) is a stick all the same.
  for (const [tty, byId] of links) sticks.push({ tty, serialNumber: undefined, description: byId, byId });
  return { sticks, given: records.find((record) => record.kind === "given")?.values[0] };
}

function printable(serial: string): string | undefined {
  const trimmed = serial.trim();
  return /^[\x21-\x7e]{1,126}$/.test(trimmed) ? trimmed : undefined;
}
