import { z } from "zod";
import { UnderstudyError, type ErrorFacts, type ErrorId } from "../model/errors.ts";
import type { Host } from "../hosts/host.ts";
import type { SilenceProof } from "./coordinator.ts";
import { SILENCE_SCRIPT } from "./silence-script.ts";

export interface SilenceOptions {
  /** A serial device, or `tcp://host:port`. */
  readonly port: string;
  /** Python 3 on the node; nothing beyond its standard library is used. */
  readonly python: string;
  readonly privileged: boolean;
  /** How long to wait for each of three resets. Default 5000 ms; a reset takes about 1 s on hardware. */
  readonly resetTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Above three tries to reset and three to read the state. */
const TIMEOUT_MS = 40_000;
const RESET_TIMEOUT_MS = 5_000;

/** Initialized and held, or initialized and on no network: the only states in which Z-Stack has not started its radio. */
const SILENT_STATES: readonly number[] = [0, 1];

const reportSchema = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("answered"), resetSeen: z.boolean(), deviceState: z.number().int() }),
  z.object({ outcome: z.enum(["missing", "denied", "busy", "gone", "no-answer"]) }),
]);
type Failure = Exclude<z.infer<typeof reportSchema>["outcome"], "answered">;

const FAILURES: Readonly<Record<Failure, { readonly id: ErrorId; readonly what: string; readonly next: string }>> = {
  missing: {
    id: "COORDINATOR_MISSING",
    what: "its serial port cannot be opened: no such device.",
    next: "plug the coordinator in and compare its path with /dev/serial/by-id.",
  },
  gone: {
    id: "COORDINATOR_MISSING",
    what: "it disappeared while it was being silenced.",
    next: "check the plug and the cable, then try again.",
  },
  denied: {
    id: "PRIVILEGE_REFUSED",
    what: "the user may not open its serial port.",
    next: "add the user to the group that owns the port (dialout, uucp), or configure sudo or doas for the node.",
  },
  busy: {
    id: "COORDINATOR_BUSY",
    what: "another program has its serial port.",
    next: "stop Zigbee2MQTT or whatever uses the coordinator on this node, then try again.",
  },
  "no-answer": {
    id: "COORDINATOR_NOT_SILENT",
    what: "it does not answer, so it may still be on the air.",
    next: "unplug the coordinator (that is silence too), plug it in again, and try again.",
  },
};

/**
 * Stops a coordinator's radio with SYS_RESET_REQ and proves it by the reset indication and the device state (I1).
 * Nothing is cleared. Takes about 1 s on hardware, 20 s where the coordinator does not answer.
 * @throws UnderstudyError COORDINATOR_NOT_SILENT, COORDINATOR_MISSING, COORDINATOR_BUSY, COORDINATOR_TOOL_MISSING,
 *   PRIVILEGE_REFUSED, and what Host.run throws.
 */
export async function silenceCoordinator(host: Host, options: SilenceOptions): Promise<SilenceProof> {
  const result = await host.run('exec "$1" - "$2" "$3"', {
    args: [options.python, options.port, String((options.resetTimeoutMs ?? RESET_TIMEOUT_MS) / 1000)],
    input: Buffer.from(SILENCE_SCRIPT),
    privileged: options.privileged,
    exclusive: true,
    timeoutMs: TIMEOUT_MS,
    signal: options.signal,
  });
  const report = readReport(result.stdout);
  if (!report) throw scriptFailure(host.name, options, result.code);
  if (report.outcome !== "answered") throw silenceError(host.name, options, FAILURES[report.outcome]);
  if (report.resetSeen && SILENT_STATES.includes(report.deviceState))
    return { resetSeen: true, deviceState: report.deviceState };
  throw silenceError(host.name, options, {
    id: "COORDINATOR_NOT_SILENT",
    what: report.resetSeen
      ? `it was reset but its stack is in state ${report.deviceState} instead of held.`
      : `it answers (state ${report.deviceState}) but did not confirm the reset.`,
    next: "try again; if it stays so, unplug the coordinator, which silences it too.",
  });
}

function readReport(stdout: Buffer): z.infer<typeof reportSchema> | undefined {
  try {
    return reportSchema.safeParse(JSON.parse(stdout.toString("utf8"))).data;
  } catch {
    return undefined;
  }
}

function scriptFailure(node: string, options: SilenceOptions, code: number): UnderstudyError {
  const absent = code === 126 || code === 127;
  return silenceError(node, options, {
    id: absent ? "COORDINATOR_TOOL_MISSING" : "COORDINATOR_NOT_SILENT",
    what: absent ? `${options.python} cannot be run.` : `the script that resets it ended with status ${code}.`,
    next: "set the node's coordinator.python to a Python 3 interpreter.",
  });
}

function silenceError(
  node: string,
  options: SilenceOptions,
  failure: { readonly id: ErrorId } & Pick<ErrorFacts, "what" | "next">,
): UnderstudyError {
  return new UnderstudyError(failure.id, {
    node,
    what: `The coordinator at ${options.port}: ${failure.what}`,
    next: failure.next,
  });
}
