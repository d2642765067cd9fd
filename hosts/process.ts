import { UnderstudyError } from "../model/errors.ts";
import type { Host } from "./host.ts";

export interface Locker {
  readonly pid: number;
  /** The program's name, as the kernel keeps it (15 characters); empty where it cannot be told. */
  readonly command: string;
}

/**
 * Prints `PID name` of each process that has a lock on the device `$1`, from the kernel's own list, which every user may
 * read: `1: FLOCK ADVISORY WRITE 4711 00:06:123 0 EOF`, with the file system's major and minor number in hex and the inode.
 */
const LOCKERS = `
[ -e "$1" ] || exit 0
place=$(stat -L -c '%d %i' -- "$1") || exit 1
device=\${place% *}
major=$(( ((device >> 8) & 4095) | ((device >> 32) & ~4095) ))
minor=$(( (device & 255) | ((device >> 12) & ~255) ))
mark=$(printf '%02x:%02x:%s' "$major" "$minor" "\${place#* }")
awk -v mark="$mark" '{ for (i = 2; i <= NF; i++) if ($i == mark) print $(i - 1) }' /proc/locks | sort -u |
while read -r pid; do echo "$pid $(cat "/proc/$pid/comm" 2>/dev/null | tr ' ' _)"; done`;

/**
 * The processes that have a serial port locked, under whichever name. Zigbee2MQTT, zigpy and their like lock the port that
 * they use (flock, exclusive), so this tells who uses it without touching it. A port that does not exist is locked by nobody.
 * Rejects NODE_NOT_UNDERSTOOD where the node does not tell.
 */
export async function processesLocking(host: Host, devicePath: string, signal?: AbortSignal): Promise<Locker[]> {
  const result = await host.run(LOCKERS, { args: [devicePath], privileged: true, signal });
  if (result.code !== 0) {
    throw new UnderstudyError("NODE_NOT_UNDERSTOOD", {
      node: host.name,
      what: `Which processes use ${devicePath} cannot be found out (exit status ${result.code}).`,
      next: "stat, awk and a /proc file system are needed on the node.",
    });
  }
  const lines = result.stdout.toString("utf8").split("\n");
  return lines.flatMap((line) => {
    const [pid = "", command = ""] = line.split(" ");
    return /^\d+$/.test(pid) ? [{ pid: Number(pid), command }] : [];
  });
}
