import { UnderstudyError } from "../model/errors.ts";
import type { Host } from "./host.ts";

export interface Holder {
  readonly pid: number;
  /** The program's name, as the kernel keeps it (15 characters). */
  readonly command: string;
}

export interface HolderScan {
  readonly holders: readonly Holder[];
  /** False if some processes could not be looked into, so that an empty list proves nothing. */
  readonly complete: boolean;
}

/**
 * Prints what the path resolves to, its device number with that of the file system which it stands on, and one line per descriptor that is open below /dev.
 * `ls` reads all links at once: a readlink for each descriptor would take seconds on a small machine.
 */
const SCAN = `
LC_ALL=C; export LC_ALL
p=$(readlink -f -- "$1") || p=$1
echo "path $p"
[ ! -e "$p" ] || stat -L -c 'device %t:%T %d' -- "$p"
for d in /proc/[0-9]*/fd; do
  [ -r "$d" ] || [ ! -e "$d" ] || { echo hidden; break; }
done
ls -l /proc/[0-9]*/fd 2>/dev/null | awk '
  index($0, "/proc/") == 1 { directory = substr($0, 1, length($0) - 1); next }
  { arrow = index($0, " -> ")
    target = substr($0, arrow + 4)
    if (!arrow || index(target, "/dev/") != 1 || target == "/dev/null") next
    count = split(substr($0, 1, arrow - 1), fields, " ")
    print directory "/" fields[count] }' |
while read -r fd; do
  target=$(readlink "$fd") || continue
  process=\${fd%/fd/*}
  echo "open \${process#/proc/} $(stat -L -c '%t:%T %d' "$fd" 2>/dev/null || echo '- -') $(cat "$process/comm" 2>/dev/null | tr ' ' _) $target"
done`;

/** Major numbers, in hex, of pseudo-terminals: their numbers mean something within one devpts only, of which each container has its own. */
const PSEUDO_TERMINALS = /^8[89a-f]:/;

/**
 * The processes that have a device open, under whichever name. A path that does not exist has holders only if it was removed while open.
 * Needs the node's privilege to see other users' processes. Rejects NODE_NOT_UNDERSTOOD where /proc cannot be read that way.
 */
export async function processesHolding(host: Host, devicePath: string, signal?: AbortSignal): Promise<HolderScan> {
  const result = await host.run(SCAN, { args: [devicePath], privileged: true, signal });
  const lines = result.stdout.toString("utf8").split("\n").map((line) => line.split(" "));
  const path = lines.find(([kind]) => kind === "path")?.slice(1).join(" ");
  if (result.code !== 0 || !path) {
    throw new UnderstudyError("NODE_NOT_UNDERSTOOD", {
      node: host.name,
      what: `Which processes have ${devicePath} open cannot be found out (exit status ${result.code}).`,
      next: "readlink, stat, awk and a /proc file system are needed on the node.",
    });
  }
  const [, device, fileSystem] = lines.find(([kind]) => kind === "device") ?? [];
  const holders = new Map<number, Holder>();
  for (const [kind, pid, openDevice, openFileSystem, command = "", ...target] of lines) {
    if (kind !== "open") continue;
    const samePlace = openFileSystem === fileSystem || !PSEUDO_TERMINALS.test(openDevice ?? "");
    const same = device === undefined ? target.join(" ") === `${path} (deleted)` : openDevice === device && device !== "0:0" && samePlace;
    if (same) holders.set(Number(pid), { pid: Number(pid), command });
  }
  return { holders: [...holders.values()], complete: !lines.some(([kind]) => kind === "hidden") };
}
