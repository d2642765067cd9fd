import type { SilenceProof } from "../coordinator.ts";
import { coordinatorError } from "./failures.ts";
import { Subsystem } from "./framing.ts";
import { NoAnswer, type MtClient, type MtCommand } from "./mt-client.ts";

const RESET_REQUEST: MtCommand = { subsystem: Subsystem.SYS, id: 0x00 };
const RESET_INDICATION: MtCommand = { subsystem: Subsystem.SYS, id: 0x80 };
const GET_DEVICE_INFO: MtCommand = { subsystem: Subsystem.UTIL, id: 0x00 };
/** Bootloader and all settings are left alone: only the stack begins anew. */
const SOFT = Buffer.from([1]);
const DEVICE_STATE_AT = 12;

const RESETS = 3;
/** A reset takes about 1 s on hardware. */
const RESET_MS = 5000;
const STATE_MS = 2000;
/** Longer than any frame, as when recovering: the last owner may have been killed in the middle of one. */
const FILLING = Buffer.alloc(256);

/** Initialized and held, or initialized and on no network: the only states in which Z-Stack has not started its radio. */
const SILENT_STATES: readonly number[] = [0, 1];

/**
 * Stops the radio with SYS_RESET_REQ and proves it by the reset indication and the device state (I1). Nothing is cleared.
 * @throws UnderstudyError COORDINATOR_NOT_SILENT
 */
export async function silence(mt: MtClient, resetMs: number = RESET_MS): Promise<SilenceProof> {
  const resetSeen = await reset(mt, resetMs);
  const deviceState = await readDeviceState(mt, Math.min(resetMs, STATE_MS));
  if (deviceState === undefined)
    throw notSilent(
      mt,
      "it does not answer, so it may still be on the air.",
      "unplug the coordinator (that is silence too), plug it in again, and try again.",
    );
  if (resetSeen && SILENT_STATES.includes(deviceState)) return { resetSeen, deviceState };
  throw notSilent(
    mt,
    resetSeen
      ? `it was reset but its stack is in state ${deviceState} instead of held.`
      : `it answers (state ${deviceState}) but did not confirm the reset.`,
    "try again; if it stays so, unplug the coordinator, which silences it too.",
  );
}

/** Whether the stack is not started, so that its radio is off. Undefined: it does not say. */
export async function isSilent(mt: MtClient): Promise<boolean | undefined> {
  const state = await readDeviceState(mt, STATE_MS);
  return state === undefined ? undefined : SILENT_STATES.includes(state);
}

async function reset(mt: MtClient, resetMs: number): Promise<boolean> {
  for (let attempt = 1; attempt <= RESETS; attempt++) {
    if (attempt > 1) mt.sendRaw(FILLING);
    const seen = mt.indication(RESET_INDICATION, resetMs);
    mt.send(RESET_REQUEST, SOFT);
    if (await answered(seen)) return true;
  }
  return false;
}

async function readDeviceState(mt: MtClient, timeoutMs: number): Promise<number | undefined> {
  for (let attempt = 1; attempt <= RESETS; attempt++) {
    const info = await answered(mt.request(GET_DEVICE_INFO, undefined, timeoutMs));
    if (info && info.length > DEVICE_STATE_AT) return info.readUInt8(DEVICE_STATE_AT);
  }
  return undefined;
}

/** Undefined where nothing came; a lost link is still an error. */
async function answered(answer: Promise<Buffer>): Promise<Buffer | undefined> {
  return answer.catch((error: unknown) => {
    if (error instanceof NoAnswer) return undefined;
    throw error;
  });
}

function notSilent(mt: MtClient, what: string, next: string): Error {
  return coordinatorError(mt.place, "COORDINATOR_NOT_SILENT", what, next);
}
