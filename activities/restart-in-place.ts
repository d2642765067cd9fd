import { repairData } from "../generations/data-directory.ts";
import {
  isGrantValid,
  readBootId,
  readCoordinatorState,
  readEpoch,
  readGrant,
  writeGrant,
} from "../generations/node-state.ts";
import { identifyProcess, isGone } from "../hosts/process-identity.ts";
import { UnderstudyError } from "../model/errors.ts";
import { resetHung } from "./node/reset-hung.ts";
import type { NodeStep, WatchmanActivities } from "../workflows/activity-types.ts";
import { step } from "./support/step.ts";
import { access } from "./support/world.ts";
import type { NodeAccess, World } from "./support/world.ts";

/** Zigbee2MQTT whose radio hangs waits for it in vain; what does not end by then is killed. */
const STOP_MS = 20_000;

/**
 * Starts the service again on the node that holds it; one that still runs is stopped first, and killed where it does not
 * stop. The node keeps its grant; one that died with an earlier boot is given anew for the same epoch, which the node
 * refuses if it knows a higher one (I2). `reset`: its coordinator hangs and is reset while nothing uses it: Zigbee2MQTT keeps
 * the port locked, and would not notice that the stack is no longer started. One that still does not answer is not started.
 */
export function restartInPlace(world: World): WatchmanActivities["restartInPlace"] {
  return (input) =>
    step(async (signal) => {
      const at = await access(world, input);
      if ((await readCoordinatorState(at.host, at.node, signal))?.state === "dirty") {
        throw new UnderstudyError("COORDINATOR_DIRTY", {
          node: at.node.name,
          what: "Its coordinator was being written and that did not end well, so it is not started.",
          next: "hand the service over to it anew: then it is written again.",
        });
      }
      await end(at, signal);
      if (input.reset) await resetHung(at, signal);
      await repairData(at.host, at.node, signal);
      await keepGranted(at, input, signal);
      const issuedAt = new Date().toISOString();
      await at.manager.start(signal);
      return { issuedAt };
    });
}

async function end({ manager, host }: NodeAccess, signal: AbortSignal): Promise<void> {
  const { state, pid } = await manager.status(signal);
  if (state === "stopped") return;
  const identity = pid === undefined ? undefined : await identifyProcess(host, pid, signal);
  try {
    await manager.stop(signal, STOP_MS);
  } catch (error) {
    if (!(error instanceof UnderstudyError) || error.id !== "SERVICE_DID_NOT_STOP" || !identity) throw error;
    if (!(await isGone(host, identity, signal)))
      await host.run('kill -9 "$1"', { args: [String(identity.pid)], privileged: true, exclusive: true, signal });
    await manager.stop(signal, STOP_MS);
  }
}

async function keepGranted({ host, node }: NodeAccess, input: NodeStep, signal: AbortSignal): Promise<void> {
  const [grant, epoch, bootId] = await Promise.all([
    readGrant(host, node, signal),
    readEpoch(host, node, signal),
    readBootId(host, signal),
  ]);
  if (isGrantValid(grant, bootId, epoch) && grant?.epoch === input.epoch) return;
  await writeGrant(host, node, { epoch: input.epoch, bootId, handover: input.handover }, signal);
}
