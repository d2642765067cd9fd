import { z } from "zod";

export interface BridgeInfo {
  /** As Zigbee2MQTT writes addresses: `0x` and 16 digits. */
  readonly coordinatorIeee: string | undefined;
  readonly panId: number | undefined;
  readonly extendedPanId: string | undefined;
  readonly channel: number | undefined;
  readonly version: string | undefined;
  readonly permitJoin: boolean;
  readonly serialPort: string | undefined;
  /** Whether it publishes one cached state for each device after its start. */
  readonly sendsCachedStates: boolean;
}

export interface AskableDevice {
  readonly name: string;
  /** A property that can be read by `get`. */
  readonly property: string;
}

const infoSchema = z.object({
  version: z.string().optional(),
  coordinator: z.object({ ieee_address: z.string().optional() }).optional(),
  network: z
    .object({
      pan_id: z.number().optional(),
      extended_pan_id: z.union([z.string(), z.number()]).optional(),
      channel: z.number().optional(),
    })
    .optional(),
  permit_join: z.boolean().optional(),
  config: z
    .object({
      serial: z.object({ port: z.string().optional() }).optional(),
      advanced: z
        .object({ cache_state: z.boolean().optional(), cache_state_send_on_startup: z.boolean().optional() })
        .optional(),
    })
    .optional(),
});

/** Zigbee2MQTT's `bridge/info`. Undefined where it is not what Zigbee2MQTT 2 sends. */
export function parseBridgeInfo(text: string): BridgeInfo | undefined {
  const parsed = infoSchema.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const { version, coordinator, network, permit_join: permitJoin, config } = parsed.data;
  const advanced = config?.advanced;
  return {
    coordinatorIeee: coordinator?.ieee_address?.toLowerCase(),
    panId: network?.pan_id,
    extendedPanId: network?.extended_pan_id === undefined ? undefined : String(network.extended_pan_id),
    channel: network?.channel,
    version,
    permitJoin: permitJoin ?? false,
    serialPort: config?.serial?.port,
    sendsCachedStates: advanced?.cache_state !== false && advanced?.cache_state_send_on_startup !== false,
  };
}

const GET_ACCESS = 4;
const featureSchema = z.object({ property: z.string().optional(), access: z.number().optional() });
const exposeSchema = featureSchema.extend({ features: z.array(featureSchema).optional() });
const deviceSchema = z.object({
  friendly_name: z.string(),
  type: z.string(),
  power_source: z.string().optional(),
  disabled: z.boolean().optional(),
  interview_completed: z.boolean().optional(),
  definition: z.object({ exposes: z.array(exposeSchema).optional() }).nullish(),
});

/** The routers of Zigbee2MQTT's `bridge/devices` that have a readable property. Entries that make no sense are left out. */
export function parseDevices(text: string): AskableDevice[] {
  const list = parseJson(text);
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry): AskableDevice[] => {
    const { success, data: device } = deviceSchema.safeParse(entry);
    if (!success || device.type !== "Router" || device.disabled || device.interview_completed === false) return [];
    // A name with wildcards cannot be a topic of its own.
    if (/[+#]/.test(device.friendly_name)) return [];
    const features = (device.definition?.exposes ?? []).flatMap((expose) => [expose, ...(expose.features ?? [])]);
    const property = features.find((f) => f.property !== undefined && ((f.access ?? 0) & GET_ACCESS) !== 0)?.property;
    return property === undefined ? [] : [{ name: device.friendly_name, property }];
  });
}

const interviewSchema = z.object({ interview_state: z.string().optional() });

/** How many devices of Zigbee2MQTT's `bridge/devices` are being interviewed. */
export function countInterviews(text: string): number {
  const list = parseJson(text);
  if (!Array.isArray(list)) return 0;
  return list.filter((entry) => interviewSchema.safeParse(entry).data?.interview_state === "IN_PROGRESS").length;
}

const stateSchema = z.object({ state: z.enum(["online", "offline"]) });

/** Zigbee2MQTT's `bridge/state`. Undefined where it is neither word. */
export function parseBridgeState(text: string): "online" | "offline" | undefined {
  return stateSchema.safeParse(parseJson(text)).data?.state;
}

/** Whether a text of Zigbee2MQTT says that its Z-Stack firmware did not answer a command in time (herdsman's words, 6 s). */
export function tellsOfDeafFirmware(text: string): boolean {
  return /SRSP - \w+ - \w+ after \d+ms/.test(text);
}

const logSchema = z.object({ message: z.string() });

/**
 * Why Zigbee2MQTT says that it stops, from a message of `bridge/logging`: it was told to, or it lost its adapter. Undefined
 * for every other line.
 */
export function parseLogLine(text: string): "asked" | "adapter" | undefined {
  const { message } = logSchema.safeParse(parseJson(text)).data ?? {};
  if (message === undefined) return undefined;
  if (message.includes("Adapter disconnected")) return "adapter";
  const code = /Stopping Zigbee2MQTT \(.*code=(\d+)/.exec(message)?.[1];
  if (code === undefined) return undefined;
  return code === "0" ? "asked" : "adapter";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
