import { posix } from "node:path";
import { freeBytes } from "../../hosts/files.ts";
import type { Finding } from "../../workflows/contract.ts";
import type { NodeAccess } from "../support/world.ts";
import { passed, refused } from "./check.ts";
import type { Roles } from "./check.ts";

/** The image of a coordinator, and what a journal and a log may need meanwhile. */
const SPARE_BYTES = 16 * 1024 * 1024;

/**
 * Whether a node has room for so many copies of the active node's data in Understudy's directory and, where they are put in
 * place, beside Zigbee2MQTT's own. Makes Understudy's directory, since only then can its disk be known.
 */
export async function checkRoom(
  { active, signal }: Roles,
  { on: { host, node }, copies, besideData }: { on: NodeAccess; copies: number; besideData: boolean },
): Promise<Finding> {
  const size = await active.host.run('du -sk -- "$1" | cut -f1', {
    args: [active.node.dataDirectory],
    privileged: true,
    signal,
  });
  const kib = Number(size.stdout.toString("utf8").trim());
  const needed = (Number.isFinite(kib) ? kib * 1024 : 0) * copies + SPARE_BYTES;
  const made = await host.run('mkdir -p -m 700 -- "$1"', { args: [node.stateDirectory], privileged: true, signal });
  if (made.code !== 0) {
    return refused(
      "disk",
      node.name,
      `Understudy's directory ${node.stateDirectory} cannot be made.`,
      "Set state of the node to a directory that its user may write to, or give it sudo or doas.",
    );
  }
  const directories = [node.stateDirectory, ...(besideData ? [posix.dirname(node.dataDirectory)] : [])];
  return checkFree({ host, node }, directories, needed, signal);
}

/** Whether so many bytes are free in each of these directories, which exist. */
export async function checkFree(
  { host, node }: Pick<NodeAccess, "host" | "node">,
  directories: readonly string[],
  needed: number,
  signal: AbortSignal,
): Promise<Finding> {
  for (const directory of directories) {
    const free = await freeBytes(host, directory, { privileged: true, signal });
    if (free < needed) {
      return refused(
        "disk",
        node.name,
        `Only ${mib(free)} MiB are free in ${directory}, ${mib(needed)} MiB are needed.`,
        "Make room there, then try again.",
      );
    }
  }
  return passed("disk", node.name, `at least ${mib(needed)} MiB are free`);
}

function mib(bytes: number): number {
  return Math.ceil(bytes / 1024 / 1024);
}
