import { z } from "zod";
import { UnderstudyError } from "../model/errors.ts";
import { readFile } from "../hosts/files.ts";
import type { Host } from "../hosts/host.ts";
import type { NodePaths } from "./generation.ts";
import { RUN } from "../node/instance.ts";
import { runNodeScript, type Refusals } from "./node-script.ts";

/**
 * What a node itself knows of its part, in its state directory; enough to rebuild the service's memory:
 *   epoch             the highest epoch it has heard of, a number; it only grows
 *   grant.json        the permission to serve, for one epoch and one boot (I2); one line, read by the gate script as well
 *   controller        which controller last changed something here, and when by the node's clock (activities/support/claim.ts)
 *   coordinator.json  what was last written to its coordinator, and whether that ended well (I9)
 */
const grantSchema = z.object({ epoch: z.number().int().nonnegative(), bootId: z.string(), handover: z.string() });
const coordinatorStateSchema = z.object({
  /** Dirty: a write began and has not ended well. Such a coordinator is never started. */
  state: z.enum(["clean", "dirty"]),
  generation: z.string(),
  ieee: z.string(),
  /** The highest outgoing counter ever written to it. */
  maxFrameCounter: z.number().int().nonnegative(),
  /** As maxFrameCounter, of the link keys. */
  maxLinkKeyCounter: z.number().int().nonnegative().default(0),
  /** Hash of the image written (hashNvramImage). */
  sha256: z.string(),
  /** Which coordinator it was: its USB serial number or network address; absent where neither was known. */
  stick: z.string().optional(),
  /** Set where a sync wrote or found it so, ahead of time. */
  preloaded: z
    .object({
      /** Hash of its network and devices (tablesHash). */
      tables: z.string(),
      /** When it was last read, by the controller's clock. */
      readAt: z.iso.datetime(),
    })
    .optional(),
});

export type Grant = Readonly<z.infer<typeof grantSchema>>;
export type CoordinatorState = Readonly<z.infer<typeof coordinatorStateSchema>>;

const REFUSALS: Refusals = {
  superseded: {
    id: "EPOCH_SUPERSEDED",
    what: "The node knows a higher epoch already: a later handover has begun.",
    next: "look at `understudy history`; this handover must not go on.",
  },
};

/** What is written stands under another name first, so that a reader sees the old text or the new one; `receive` takes standard input. */
const STATE = `
state=$1
mkdir -p "$state"
known=$(cat "$state/epoch" 2>/dev/null || echo 0)
case $known in ''|*[!0-9]*) known=0 ;; esac
put() { flush "$state/.$1.new"; mv "$state/.$1.new" "$state/$1"; flush "$state"; }
receive() { take "$state/.$1.new"; put "$1"; }
raise() { [ "$known" -ge "$1" ] || { printf '%s\\n' "$1" > "$state/.epoch.new"; put epoch; }; }
`;

/** With a grant ends what was noted of the node while it stood by (node/programs, hand-edits.ts). */
const FORGET = 'rm -f "$state/standing-by" "$state/fenced-itself"; rm -rf "$state/as-left"';

/** The node's highest epoch, 0 where it has never heard of one. */
export async function readEpoch(host: Host, node: NodePaths, signal?: AbortSignal): Promise<number> {
  const text =
    (await readFile(host, `${node.stateDirectory}/epoch`, { privileged: true, signal }))?.toString("utf8").trim() ??
    "0";
  return /^\d+$/.test(text) ? Number(text) : 0;
}

/** Lets the node know an epoch and returns the highest that it knows now; a lower one changes nothing. */
export async function raiseEpoch(host: Host, node: NodePaths, epoch: number, signal?: AbortSignal): Promise<number> {
  const script = `${STATE} raise "$2"; cat "$state/epoch" 2>/dev/null || echo 0`;
  const output = await runNodeScript(host, script, {
    purpose: "keep the epoch",
    args: [node.stateDirectory, epochText(epoch)],
    signal,
  });
  return Number(output.toString("utf8").trim());
}

/**
 * Permits the node to serve for this epoch until it reboots, and raises its epoch.
 * @throws UnderstudyError EPOCH_SUPERSEDED where the node knows a higher epoch, COMMAND_FAILED, DISK_FULL.
 */
export async function writeGrant(host: Host, node: NodePaths, grant: Grant, signal?: AbortSignal): Promise<void> {
  await runNodeScript(
    host,
    `${STATE} [ "$known" -le "$2" ] || refuse superseded; raise "$2"; receive grant.json; ${FORGET}`,
    {
      purpose: "keep the grant",
      args: [node.stateDirectory, epochText(grant.epoch)],
      input: Buffer.from(`${JSON.stringify(grantSchema.parse(grant))}\n`),
      refusals: REFUSALS,
      signal,
    },
  );
}

/** The node's grant, of whatever boot; undefined where it has none or it cannot be read, which means the same. */
export async function readGrant(host: Host, node: NodePaths, signal?: AbortSignal): Promise<Grant | undefined> {
  return grantSchema.safeParse(await readJson(host, node, "grant.json", signal)).data;
}

/** Takes the permission to serve away. Stops nothing. */
export async function revokeGrant(host: Host, node: NodePaths, signal?: AbortSignal): Promise<void> {
  const script = `${STATE} rm -f "$state/grant.json"; flush "$state"`;
  await runNodeScript(host, script, { purpose: "revoke the grant", args: [node.stateDirectory], signal });
}

/** Marks the node's coordinator: dirty before the first write, clean after the last comparison. */
export async function writeCoordinatorState(
  host: Host,
  node: NodePaths,
  state: CoordinatorState,
  signal?: AbortSignal,
): Promise<void> {
  await runNodeScript(host, `${STATE} receive coordinator.json`, {
    purpose: "keep the coordinator's state",
    args: [node.stateDirectory],
    input: Buffer.from(`${JSON.stringify(coordinatorStateSchema.parse(state))}\n`),
    signal,
  });
}

/**
 * What was last written to the node's coordinator; undefined where nothing ever was.
 * @throws UnderstudyError NODE_NOT_UNDERSTOOD where the file cannot be read: it might say "dirty".
 */
export async function readCoordinatorState(
  host: Host,
  node: NodePaths,
  signal?: AbortSignal,
): Promise<CoordinatorState | undefined> {
  const content = await readJson(host, node, "coordinator.json", signal);
  if (content === undefined) return undefined;
  const parsed = coordinatorStateSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new UnderstudyError("NODE_NOT_UNDERSTOOD", {
    node: node.name,
    what: "The state of the coordinator (coordinator.json) cannot be read, so it may be half-written.",
    next: `remove ${node.stateDirectory}/coordinator.json on the node, and write the coordinator anew with a sync.`,
  });
}

/** The kernel's name of this boot. Nodes of the lab name their own file in the environment. */
const BOOT_ID_SCRIPT = 'exec cat "${UNDERSTUDY_BOOT_ID_FILE:-/proc/sys/kernel/random/boot_id}"';

/** @throws UnderstudyError NODE_NOT_UNDERSTOOD where the node does not tell it. */
export async function readBootId(host: Host, signal?: AbortSignal): Promise<string> {
  const result = await host.run(BOOT_ID_SCRIPT, { signal });
  const bootId = result.stdout.toString("utf8").trim();
  if (result.code === 0 && /^[\w-]+$/.test(bootId)) return bootId;
  throw new UnderstudyError("NODE_NOT_UNDERSTOOD", {
    node: host.name,
    what: "The node does not tell its boot id, so a grant could not end with this boot.",
    next: "check that /proc/sys/kernel/random/boot_id is readable there.",
  });
}

/** A controller's mark on a node: who last changed something there. */
export interface ControllerMark {
  readonly controller: string;
  /** By the node's clock; negative where that was set back since. */
  readonly ageMs: number;
}

/** The mark of the controller that last changed something on the node; undefined where there is none that makes sense. */
export async function readControllerMark(
  host: Host,
  node: NodePaths,
  signal?: AbortSignal,
  run = RUN,
): Promise<ControllerMark | undefined> {
  const result = await host.run(READ_MARK, { args: [node.stateDirectory, run], privileged: true, signal });
  const [, controller, at, now, uptime] = /^([\w-]+) (\d+)\n(\d+)\n(\d*)\n$/.exec(result.stdout.toString("utf8")) ?? [];
  if (controller === undefined) return undefined;
  const ageS = Number(now) - Number(at);
  return { controller, ageMs: (uptime ? Math.min(ageS, Number(uptime)) : ageS) * 1_000 };
}

/**
 * `$1` state directory, `$2` where looks leave their marks until the next boot. The newest mark, the node's time, and, where a mark of
 * a look may have gone with the boot before, how long ago the node booted, in seconds.
 */
const READ_MARK = `
LC_ALL=C; export LC_ALL
look=$2/$(printf '%s' "$1" | tr / _).controller
mark=$(cat "$1/controller" "$look" 2>/dev/null | sort -k 2n | tail -n 1)
[ -n "$mark" ] || exit 0
printf '%s\\n' "$mark"; date +%s
[ -d "$2" ] && [ ! -e "$look" ] && sed 's/[. ].*//' /proc/uptime || echo
`;

/** Whether a grant permits serving now: it must be of this boot and not superseded. */
export function isGrantValid(grant: Grant | undefined, bootId: string, highestEpoch: number): boolean {
  return grant !== undefined && grant.bootId === bootId && grant.epoch >= highestEpoch;
}

async function readJson(host: Host, node: NodePaths, file: string, signal?: AbortSignal): Promise<unknown> {
  const bytes = await readFile(host, `${node.stateDirectory}/${file}`, { privileged: true, signal });
  if (!bytes) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return null;
  }
}

function epochText(epoch: number): string {
  if (Number.isSafeInteger(epoch) && epoch >= 0) return String(epoch);
  throw new RangeError("not an epoch");
}
