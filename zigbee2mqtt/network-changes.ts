import { createHash } from "node:crypto";
import { z } from "zod";

/** What tells of devices and groups; Zigbee2MQTT publishes the whole list whenever something may have changed, retained. */
export const LISTS: readonly string[] = ["bridge/devices", "bridge/groups"];

const eventSchema = z.object({
  type: z.string(),
  data: z.object({ status: z.string().optional() }).optional(),
});

/**
 * Whether a message of `bridge/event` says that a device came, is ready for use, or left. An announcement does not: it is what
 * a device says that was without power.
 */
export function tellsOfMembership(text: string): boolean {
  const { data: event } = eventSchema.safeParse(parseJson(text));
  if (event?.type === "device_interview") return event.data?.status === "successful";
  return event?.type === "device_joined" || event?.type === "device_leave";
}

/**
 * A hash of what a list says of the network: devices with their addresses, names, bindings, reportings and scenes, groups
 * with their members. Not of the devices' definitions, which follow Zigbee2MQTT's version. Undefined where it is no list.
 */
export function fingerprintOf(list: string): string | undefined {
  const entries = parseJson(list);
  if (!Array.isArray(entries)) return undefined;
  const told = entries.map((entry: unknown) =>
    typeof entry === "object" && entry !== null ? { ...entry, definition: undefined } : entry,
  );
  return createHash("sha256").update(JSON.stringify(told)).digest("hex");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
