import { setTimeout as pause } from "node:timers/promises";
import { UnderstudyError } from "../model/errors.ts";

export type PowerState = "on" | "off";

/** Something that gives a node its power, or takes it. Every call rejects FENCING_FAILED where the device does not obey or answer. */
export interface PowerSwitch {
  /** Orders it; that it was obeyed is told by `read` alone. */
  set(state: PowerState, signal: AbortSignal): Promise<void>;
  /** What the device itself says now. */
  read(signal: AbortSignal): Promise<PowerState>;
}

const POLL_MS = 500;
/** Rounds in which the device neither took the order nor told its state. */
const SILENT_ROUNDS = 2;

/**
 * Switches it and waits until it reads so. An order that seemed to fail may have been obeyed (its answer was lost), and one
 * that was taken may not be: what is read decides. Ordering again what is so already does no harm. `mayOrder` is asked before
 * each order, and what it rejects with ends it: whoever sleeps in here may wake when nobody wants it switched any more.
 * @throws UnderstudyError FENCING_FAILED where it does not read so within `timeoutMs`, or does not answer at all.
 */
export async function switchTo(
  device: PowerSwitch,
  state: PowerState,
  { timeoutMs, signal, mayOrder }: { timeoutMs: number; signal: AbortSignal; mayOrder?: () => Promise<void> },
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let silent = 0;
  for (;;) {
    signal.throwIfAborted();
    await mayOrder?.();
    const refusal = await failureOf(device.set(state, signal), signal);
    const read = await device.read(signal).catch((error: unknown) => asFailure(error, signal));
    if (read === state) return;
    silent = refusal && typeof read !== "string" ? silent + 1 : 0;
    const late = performance.now() > deadline;
    if (silent === SILENT_ROUNDS || late) throw refusal ?? (typeof read === "string" ? disobeyed(state) : read);
    await pause(POLL_MS, undefined, { signal });
  }
}

async function failureOf(order: Promise<void>, signal: AbortSignal): Promise<UnderstudyError | undefined> {
  try {
    await order;
    return undefined;
  } catch (error) {
    return asFailure(error, signal);
  }
}

/** A fault of our own in asking one device must not keep the rungs after it from being tried; its words may hold secrets. */
function asFailure(error: unknown, signal: AbortSignal): UnderstudyError {
  signal.throwIfAborted();
  if (error instanceof UnderstudyError) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return new UnderstudyError("FENCING_FAILED", {
    what: `Understudy failed inside while it asked the device (${name}).`,
    next: "please report this with the kind of device it is.",
  });
}

function disobeyed(state: PowerState): UnderstudyError {
  const other = state === "off" ? "on" : "off";
  return new UnderstudyError("FENCING_FAILED", {
    what: `It took the order to switch ${state}, and still reads ${other}.`,
    next: "look at the device: its relay may be stuck, or the outlet locked.",
  });
}
