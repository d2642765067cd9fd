import { z } from "zod";
import { readFile } from "../hosts/files.ts";
import type { Host } from "../hosts/host.ts";
import type { NodePaths } from "./generation.ts";
import { runNodeScript } from "./node-script.ts";

/**
 * What a standby's coordinator has heard of the active one while that was known to serve: `heard.json` in its state directory.
 * Only where it was heard before does it mean anything that it is not heard now.
 */
const listeningSchema = z.object({
  /** By the worker's clock. */
  at: z.iso.datetime(),
  coordinator: z.boolean(),
  /** Routers of the network that answered. */
  routers: z.number().int().nonnegative(),
});

const contextSchema = z.object({
  /** The node that served. */
  active: z.string(),
  coordinatorIeee: z.string(),
  panId: z.number().int(),
  extendedPanId: z.string(),
  channel: z.number().int(),
  /** The listening stick's serial number, or its port where it has none. */
  stick: z.string(),
  /** The listening node's boot: it may have been carried elsewhere before the next one. */
  bootId: z.string(),
});

const memorySchema = z.object({
  context: contextSchema,
  /** Newest first. */
  listenings: z.array(listeningSchema),
});

export type PastListening = Readonly<z.infer<typeof listeningSchema>>;
export type ListeningContext = Readonly<z.infer<typeof contextSchema>>;
export type ListeningMemory = Readonly<z.infer<typeof memorySchema>>;

/** Of so many newest ones, one must have heard the active coordinator: the very newest may have been made when it had just died. */
const COUNTED = 3;
const KEPT = 12;
const BELIEVED_MS = 24 * 3_600_000;
/** The clocks of two workers may differ, and one may be set back a little. */
const CLOCK_TOLERANCE_MS = 600_000;

/** Whether silence would mean something now, and why not: the end of a sentence. */
export type HeardBefore = { readonly ok: true; readonly at: string } | { readonly ok: false; readonly because: string };

/** Whether the standby has heard the active coordinator lately, in the same circumstances. */
export function heardBefore(memory: ListeningMemory | undefined, context: ListeningContext, now: Date): HeardBefore {
  if (!memory) return { ok: false, because: "it has never listened while the active one served" };
  const changed = changedSince(memory.context, context);
  if (changed) return { ok: false, because: changed };
  const heard = memory.listenings.slice(0, COUNTED).find(({ coordinator }) => coordinator);
  if (!heard)
    return { ok: false, because: "it did not hear the active one when that served, so it may be out of range" };
  const age = now.getTime() - Date.parse(heard.at);
  if (age <= BELIEVED_MS && age >= -CLOCK_TOLERANCE_MS) return { ok: true, at: heard.at };
  return { ok: false, because: "it is too long ago that it heard the active one" };
}

/**
 * Whether this radio, which is to be believed when it hears no coordinator, can hear at all: where several routers answered
 * before, one should now.
 */
export function seemsDeaf(memory: ListeningMemory | undefined, routers: number): boolean {
  const before = memory?.listenings.slice(0, COUNTED).map((past) => past.routers) ?? [];
  return routers === 0 && before.length > 0 && Math.min(...before) >= 2;
}

/** The memory with one more listening; in other circumstances it begins anew. */
export function remember(
  memory: ListeningMemory | undefined,
  context: ListeningContext,
  listening: PastListening,
): ListeningMemory {
  const before = memory && !changedSince(memory.context, context) ? memory.listenings : [];
  return { context, listenings: [listening, ...before].slice(0, KEPT) };
}

/** What the standby remembers; undefined where it never listened, or its memory cannot be read, which means the same. */
export async function readListeningMemory(
  host: Host,
  node: NodePaths,
  signal?: AbortSignal,
): Promise<ListeningMemory | undefined> {
  const bytes = await readFile(host, `${node.stateDirectory}/heard.json`, { privileged: true, signal });
  try {
    return memorySchema.safeParse(JSON.parse(bytes?.toString("utf8") ?? "null")).data;
  } catch {
    return undefined;
  }
}

/** Keeps it so that a reader sees the old text or the new one, also after a power loss. */
export async function writeListeningMemory(
  host: Host,
  node: NodePaths,
  memory: ListeningMemory,
  signal?: AbortSignal,
): Promise<void> {
  const script = `
new=$1/.heard.json.new
mkdir -p "$1"
take "$new"
flush "$new"; mv "$new" "$1/heard.json"; flush "$1"`;
  await runNodeScript(host, script, {
    purpose: "keep what its coordinator heard",
    args: [node.stateDirectory],
    input: Buffer.from(`${JSON.stringify(memorySchema.parse(memory))}\n`),
    signal,
  });
}

function changedSince(before: ListeningContext, now: ListeningContext): string | undefined {
  if (before.active !== now.active) return "another node served when it last listened";
  if (before.stick !== now.stick) return "it last listened with another stick";
  if (before.bootId !== now.bootId) return "it has been started anew since it last listened";
  const sameNetwork =
    before.coordinatorIeee === now.coordinatorIeee &&
    before.panId === now.panId &&
    before.extendedPanId === now.extendedPanId &&
    before.channel === now.channel;
  return sameNetwork ? undefined : "the network was another one when it last listened";
}
