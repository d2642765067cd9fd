import { Zcl } from "zigbee-herdsman";
import type { AttributeStore } from "../attribute-store.ts";
import type { CommandContext, CommandHandlers } from "../cluster-commands.ts";
import { status, type Reply } from "../frames.ts";

function identify({ identifytime }: { identifytime: number }, { attributes }: CommandContext): Reply {
  attributes.set("genIdentify", "identifyTime", identifytime);
  return status(Zcl.Status.SUCCESS);
}

/** Only a device that identifies itself answers the query. */
function identifyQuery(_payload: unknown, { attributes }: CommandContext): Reply {
  const timeout = attributes.number("genIdentify", "identifyTime");
  if (timeout === 0) return status(Zcl.Status.SUCCESS);
  return { kind: "cluster", command: "identifyQueryRsp", payload: { timeout: Math.ceil(timeout) } };
}

/** Identify cluster (Zigbee Cluster Library, section 3.5). */
export const identifyCommands: CommandHandlers = {
  identify,
  identifyQuery,
  triggerEffect: () => status(Zcl.Status.SUCCESS),
};

/** Whole seconds of identifying pass; returns the milliseconds that made no whole second. */
export function passIdentifyTime(attributes: AttributeStore, elapsedMs: number): number {
  const left = attributes.number("genIdentify", "identifyTime");
  if (left === 0) return 0;
  const seconds = Math.floor(elapsedMs / 1000);
  attributes.set("genIdentify", "identifyTime", Math.max(0, left - seconds));
  return elapsedMs - seconds * 1000;
}
