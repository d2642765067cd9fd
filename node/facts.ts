import type { EffectiveNode } from "../config/effective.ts";
import type { Host } from "../hosts/host.ts";
import { CONFIG, LIBRARY, RUN } from "./instance.ts";

/** What a node's own side says of itself. Everything is of its present boot but `actedAlone`. */
export interface NodeSide {
  /** Whether the gate and this node's settings for it are installed. */
  readonly gate: boolean;
  /** It stands by: since when, why, and what is known of its radio, in its own words. */
  readonly standingBy?: { readonly since: string; readonly reason: string; readonly radio: string };
  /** It was cut off, and stopped and silenced itself. */
  readonly fencedItself?: { readonly at: string; readonly radio: string };
  /** The service was started there without Understudy, by whom and under which epoch. */
  readonly actedAlone?: { readonly at: string; readonly epoch: number; readonly why: string };
  /** It fences itself after so long without any contact, in ms: its guard was at work within the last minute. */
  readonly guardMs?: number;
}

/** Prints `file key=value` for each line of the notes. The settings that name this state directory are this node's. */
const READ = `
LC_ALL=C; export LC_ALL
boot=$(cat "\${UNDERSTUDY_BOOT_ID_FILE:-/proc/sys/kernel/random/boot_id}")
echo "now boot=$boot"
read -r uptime _ </proc/uptime && echo "now uptime=$uptime"
for note in standing-by fenced-itself acted-alone; do sed "s/^/$note /" "$1/$note" 2>/dev/null; done
[ -x "$2/gate" ] || exit 0
settings=$(grep -lxF -- "state=$1" "$3"/*.conf 2>/dev/null | head -n 1)
[ -n "$settings" ] || exit 0
echo "gate installed=yes"
name=\${settings##*/}
sed 's/^/guard /' "$4/\${name%.conf}.guard" 2>/dev/null
exit 0`;

/** The guard notes each of its looks; they are at most 20 s apart. */
const GUARD_WITHIN_S = 60;

/** What a node has noted of itself. @throws UnderstudyError what Host.run throws. */
export async function readNodeSide(
  host: Host,
  { stateDirectory }: Pick<EffectiveNode, "stateDirectory">,
  signal?: AbortSignal,
): Promise<NodeSide> {
  const args = [stateDirectory, LIBRARY, CONFIG, RUN];
  const result = await host.run(READ, { args, privileged: true, signal });
  return parseNodeSide(result.stdout.toString("utf8"));
}

/** What the script printed. Notes of an earlier boot are history. Pure. */
export function parseNodeSide(printed: string): NodeSide {
  const lines = new Map<string, string>();
  for (const line of printed.split("\n")) {
    const equals = line.indexOf("=");
    if (equals > 0) lines.set(line.slice(0, equals), line.slice(equals + 1));
  }
  const get = (key: string) => lines.get(key) ?? "";
  const isOfThisBoot = (note: string) => get(`${note} boot`) !== "" && get(`${note} boot`) === get("now boot");
  const guardAge = Number(get("now uptime")) - Number(get("guard uptime"));
  const guards = isOfThisBoot("guard") && guardAge <= GUARD_WITHIN_S && Number(get("guard after")) > 0;
  return {
    gate: get("gate installed") === "yes",
    ...(isOfThisBoot("standing-by")
      ? {
          standingBy: {
            since: get("standing-by since"),
            reason: get("standing-by reason"),
            radio: get("standing-by radio"),
          },
        }
      : {}),
    ...(isOfThisBoot("fenced-itself")
      ? { fencedItself: { at: get("fenced-itself at"), radio: get("fenced-itself radio") } }
      : {}),
    ...(lines.has("acted-alone at")
      ? {
          actedAlone: {
            at: get("acted-alone at"),
            epoch: Number(get("acted-alone epoch")),
            why: get("acted-alone why"),
          },
        }
      : {}),
    ...(guards ? { guardMs: Number(get("guard after")) * 1_000 } : {}),
  };
}

/** What of that a person should know, in a sentence; undefined where there is nothing. Pure. */
export function inWords({ standingBy, fencedItself, actedAlone }: NodeSide): string | undefined {
  const words = [
    ...(fencedItself ? [`it fenced itself at ${fencedItself.at} (radio ${fencedItself.radio})`] : []),
    ...(standingBy ? [`it stands by since ${standingBy.since}: ${standingBy.reason} (radio ${standingBy.radio})`] : []),
    ...(actedAlone ? [`it acted alone at ${actedAlone.at}, epoch ${actedAlone.epoch}: ${actedAlone.why}`] : []),
  ];
  return words.length === 0 ? undefined : words.join("; ");
}
