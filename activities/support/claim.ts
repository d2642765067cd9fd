import type { Host, RunOptions, RunResult } from "../../hosts/host.ts";
import { UnderstudyError } from "../../model/errors.ts";
import { RUN } from "../../node/instance.ts";

/**
 * A step may outlive itself: its worker was frozen or cut off, Temporal gave it up, and another attempt or a later step went
 * on. When the worker wakes, it goes on with its next command before it hears that nobody wants it any more. So a node takes
 * an exclusive command, which is what every change is, only of the latest step that it has seen: the order of the latest one
 * is kept in the file `claim` of its state directory, compared and raised under the lock under which the command itself runs.
 */
const TAKEN_OVER = 94;
const MARK = "understudy:taken-over";

/**
 * `$1` state directory, `$2` order, `$3` the controller (empty: not known), then the command's own arguments. The controller
 * leaves its mark with the node's time, so that another one sees that it is at work. A full disk must not keep a home from
 * being started again.
 */
const CLAIM = `
(
  umask 077; LC_ALL=C; export LC_ALL
  latest=$(cat "$1/claim")
  [ "$latest" != "$2" ] || exit 0
  case $latest in *[!0-9-]*) latest= ;; esac
  [ "$(printf '%s\\n' "$latest" "$2" | sort | tail -n 1)" = "$2" ] || exit 1
  mkdir -p "$1" && printf '%s\\n' "$2" > "$1/.claim.new" && mv "$1/.claim.new" "$1/claim"
  [ -n "$3" ] && printf '%s %s\\n' "$3" "$(date +%s)" > "$1/.controller.new" && mv "$1/.controller.new" "$1/controller"
  exit 0
) </dev/null >/dev/null 2>&1 || { echo ${MARK} >&2; exit ${TAKEN_OVER}; }
shift 3
`;

/**
 * The order of a step as text that sorts: its epoch, then when Temporal's server scheduled this attempt, in ms. So a later
 * handover comes after an earlier one even where that server's clock was set back.
 */
export function claimOrder(epoch: number, scheduledMs: number): string {
  return `${String(epoch).padStart(10, "0")}-${String(Math.trunc(scheduledMs)).padStart(15, "0")}`;
}

/**
 * The same node, as one step may use it. Its exclusive commands reject EPOCH_SUPERSEDED, and do nothing, once a step of a
 * higher order has run one there. They need the privilege that the state directory needs.
 */
export function claimedHost(host: Host, stateDirectory: string, order: string, controller = ""): Host {
  return {
    name: host.name,
    run: (script, options = {}) =>
      options.exclusive
        ? runClaimed(host, script, options, [stateDirectory, order, controller])
        : host.run(script, options),
    forward: (target, signal) => host.forward(target, signal),
    close: () => host.close(),
  };
}

/**
 * `$1` to `$3` as above, `$4` where a node keeps what is not to outlive its boot: the mark goes there if that is there, since a look
 * that finds nothing changed must not wear out the flash of a node. It claims nothing, as it changes nothing.
 */
const AT_WORK = `
umask 077; LC_ALL=C; export LC_ALL
latest=$(cat "$1/claim" 2>/dev/null)
case $latest in *[!0-9-]*) latest= ;; esac
[ "$(printf '%s\\n' "$latest" "$2" | sort | tail -n 1)" = "$2" ] || { echo ${MARK} >&2; exit ${TAKEN_OVER}; }
[ -n "$3" ] || exit 0
mark=$1/controller
[ -d "$4" ] && [ -w "$4" ] && mark=$4/$(printf '%s' "$1" | tr / _).controller
mkdir -p "\${mark%/*}" && printf '%s %s\\n' "$3" "$(date +%s)" > "$mark.new" && mv "$mark.new" "$mark"
exit 0
`;

/**
 * A step that changes nothing says so that this controller is at work. Rejects EPOCH_SUPERSEDED where a later step came before it.
 * @param run the node's directory for what ends with its boot
 */
export async function leaveMark(
  host: Host,
  { stateDirectory, order, controller = "", run = RUN }: Claim & { readonly run?: string },
  signal?: AbortSignal,
): Promise<void> {
  const args = [stateDirectory, order, controller, run];
  refuseTakenOver(host, await host.run(AT_WORK, { args, privileged: true, signal }));
}

export interface Claim {
  readonly stateDirectory: string;
  /** By `claimOrder`. */
  readonly order: string;
  /** This controller's name; undefined where it is not known. */
  readonly controller?: string | undefined;
}

async function runClaimed(
  host: Host,
  script: string,
  options: RunOptions,
  claim: readonly string[],
): Promise<RunResult> {
  const result = await host.run(CLAIM + script, { ...options, args: [...claim, ...(options.args ?? [])] });
  refuseTakenOver(host, result);
  return result;
}

function refuseTakenOver(host: Host, result: RunResult): void {
  if (result.code !== TAKEN_OVER || !result.stderr.includes(MARK)) return;
  throw new UnderstudyError("EPOCH_SUPERSEDED", {
    node: host.name,
    what: "A later step has taken this node over, so the command of an earlier one was not carried out.",
    next: "look at `understudy history`; this step must not go on.",
  });
}
