import { u8 } from "./bytes.ts";
import type { MtCommands, MtContext } from "./mt-command.ts";
import { DEVICE_STATE, STATUS, SUBSYSTEM } from "./mt-ids.ts";

const COMMISSIONING_NOTIFICATION = 0x80;
const STATE_CHANGE = 0xc0;
const MODE = { STEERING: 0x02, FORMATION: 0x04 } as const;
/** Numbers that the notification has for the modes, other than the bits above. */
const NOTIFIED = { INITIALIZATION: 0, STEERING: 1, FORMATION: 2 } as const;
const RESULT = { SUCCESS: 0, NO_NETWORK: 2, FORMATION_FAILED: 8, RESTORED: 13 } as const;
/** How long a network that is opened by steering stays so. */
const STEERING_SECONDS = 180;
/** Scans of all channels before a network is formed, and the start of one that is known, in ms. */
const FORMATION_MS = 1500;
const START_MS = 200;

export const appCnfCommands: MtCommands = {
  // bdbAddInstallCode
  0x04: () => u8(STATUS.SUCCESS),
  // bdbStartCommissioning
  0x05: (data, context) => {
    const mode = data.u8();
    if (mode & MODE.FORMATION) formOrResume(context);
    else if (mode & MODE.STEERING) steer(context);
    else context.later(START_MS, () => resume(context, NOTIFIED.INITIALIZATION, RESULT.RESTORED));
    return u8(STATUS.SUCCESS);
  },
  // bdbSetChannel: primary or secondary, mask
  0x08: (data, { stack }) => {
    const isPrimary = data.u8() !== 0;
    const mask = data.u32();
    if (isPrimary) stack.primaryChannels = mask;
    return u8(STATUS.SUCCESS);
  },
  // bdbSetTcRequireKeyExchange
  0x09: () => u8(STATUS.SUCCESS),
};

/** Tells the host a new state of the stack. */
export function indicateState(context: MtContext, state: number): void {
  context.indicate(SUBSYSTEM.ZDO, STATE_CHANGE, u8(state));
}

function formOrResume(context: MtContext): void {
  context.later(START_MS, () => {
    // On a network already, formation fails, but the network is started.
    if (resume(context, NOTIFIED.FORMATION, RESULT.FORMATION_FAILED)) return;
    const { stack, nvram } = context;
    const mask = stack.primaryChannels ?? nvram.get("CHANLIST")?.readUInt32LE(0) ?? 0;
    stack.state = DEVICE_STATE.STARTING_AS_COORDINATOR;
    indicateState(context, DEVICE_STATE.STARTING_AS_COORDINATOR);
    context.later(FORMATION_MS, () => {
      if (!stack.form(mask)) {
        stack.state = DEVICE_STATE.HOLD;
        notify(context, RESULT.FORMATION_FAILED, NOTIFIED.FORMATION);
        return;
      }
      indicateState(context, DEVICE_STATE.STARTING_AS_COORDINATOR);
      indicateState(context, DEVICE_STATE.STARTED_AS_COORDINATOR);
      notify(context, RESULT.SUCCESS, NOTIFIED.FORMATION);
    });
  });
}

function resume(context: MtContext, notified: number, result: number): boolean {
  const { stack } = context;
  if (stack.state !== DEVICE_STATE.STARTED_AS_COORDINATOR && !stack.resume()) return false;
  indicateState(context, DEVICE_STATE.STARTED_AS_COORDINATOR);
  notify(context, result, notified);
  return true;
}

function steer(context: MtContext): void {
  const started = context.stack.state === DEVICE_STATE.STARTED_AS_COORDINATOR;
  if (started) context.stack.permitJoin(STEERING_SECONDS);
  context.later(0, () => notify(context, started ? RESULT.SUCCESS : RESULT.NO_NETWORK, NOTIFIED.STEERING));
}

function notify(context: MtContext, result: number, notified: number): void {
  context.indicate(SUBSYSTEM.APP_CNF, COMMISSIONING_NOTIFICATION, u8(result, notified, 0));
}
