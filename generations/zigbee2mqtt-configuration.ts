import { parseDocument } from "yaml";
import { NetworkKey } from "../coordinators/network-key.ts";

/** What Zigbee2MQTT's configuration asks of the network. A part is undefined where a problem tells why. */
export interface ConfiguredNetwork {
  readonly panId: number | undefined;
  /** DEFAULT_EXTENDED_PAN_ID, or `0x` and 16 digits. */
  readonly extendedPanId: string | undefined;
  readonly channel: number | undefined;
  readonly networkKey: NetworkKey | undefined;
  readonly problems: readonly string[];
}

/** DD:DD:…, for which Zigbee2MQTT uses the coordinator's own address. */
export const DEFAULT_EXTENDED_PAN_ID = "default";

/** Reads a file beside configuration.yaml that it refers to; undefined where there is none. */
export type ReadReferenced = (fileName: string) => string | undefined;

/** Zigbee2MQTT 2's own defaults, for what the file does not say. */
const DEFAULTS = {
  panId: 0x1a62,
  extendedPanId: Array<number>(8).fill(0xdd),
  channel: 11,
  networkKey: [1, 3, 5, 7, 9, 11, 13, 15, 0, 2, 4, 6, 8, 10, 12, 13],
};

/** The file that `advanced.network_key` refers to (`!secret key` or `!file.yaml key`), undefined where it stands there itself. */
export function networkKeyFile(configuration: string): string | undefined {
  return reference(advanced(configuration)?.["network_key"])?.file;
}

/**
 * Reads the network settings of a configuration.yaml with Zigbee2MQTT's defaults. Never throws; what cannot be used is a
 * problem, told without the values.
 */
export function configuredNetwork(
  configuration: string,
  readReferenced: ReadReferenced = () => undefined,
): ConfiguredNetwork {
  const settings = advanced(configuration);
  if (!settings) {
    const problems = ["configuration.yaml is not readable as YAML"];
    return { panId: undefined, extendedPanId: undefined, channel: undefined, networkKey: undefined, problems };
  }
  const problems: string[] = [];
  const checked = <T>(
    name: string,
    value: unknown,
    isValid: (value: unknown) => value is T,
    expected: string,
  ): T | undefined => {
    if (isValid(value)) return value;
    const generate = value === "GENERATE";
    problems.push(
      generate
        ? `advanced.${name} is GENERATE, so a start would form a new network`
        : `advanced.${name} is not ${expected}`,
    );
    return undefined;
  };
  const panId = checked(
    "pan_id",
    settings["pan_id"] ?? DEFAULTS.panId,
    isIntegerWithin(1, 0xfffe),
    "a PAN ID (1 to 65534)",
  );
  const extendedPanId = checked(
    "ext_pan_id",
    settings["ext_pan_id"] ?? DEFAULTS.extendedPanId,
    isBytes(8),
    "a list of 8 bytes",
  );
  const channel = checked(
    "channel",
    settings["channel"] ?? DEFAULTS.channel,
    isIntegerWithin(11, 26),
    "a channel (11 to 26)",
  );
  const keyValue = resolve(settings["network_key"], readReferenced) ?? DEFAULTS.networkKey;
  const networkKey = checked("network_key", keyValue, isBytes(16), "a list of 16 bytes");
  return {
    panId,
    extendedPanId:
      extendedPanId &&
      (extendedPanId.every((byte) => byte === 0xdd)
        ? DEFAULT_EXTENDED_PAN_ID
        : `0x${Buffer.from(extendedPanId).toString("hex")}`),
    channel,
    networkKey: networkKey && new NetworkKey(Buffer.from(networkKey)),
    problems,
  };
}

function advanced(configuration: string): Readonly<Record<string, unknown>> | undefined {
  const content = parseMap(configuration);
  return content && asRecord(content["advanced"]);
}

/** An unreadable reference gives a value that no check accepts, never the default. */
function resolve(value: unknown, readReferenced: ReadReferenced): unknown {
  const found = reference(value);
  if (!found) return value;
  return parseMap(readReferenced(found.file) ?? "")?.[found.key] ?? false;
}

function parseMap(text: string): Readonly<Record<string, unknown>> | undefined {
  const document = parseDocument(text, { logLevel: "silent" });
  if (document.errors.length > 0) return undefined;
  try {
    const content: unknown = document.toJS() ?? {};
    return isRecord(content) ? content : undefined;
  } catch {
    // Aliases without an anchor, or far too many of them.
    return undefined;
  }
}

function reference(value: unknown): { readonly file: string; readonly key: string } | undefined {
  const match = typeof value === "string" ? /^!(\S+) (.+)$/.exec(value) : null;
  if (!match?.[1] || !match[2]) return undefined;
  return { file: /\.ya?ml$/.test(match[1]) ? match[1] : `${match[1]}.yaml`, key: match[2] };
}

function isIntegerWithin(lowest: number, highest: number): (value: unknown) => value is number {
  return (value): value is number => Number.isInteger(value) && Number(value) >= lowest && Number(value) <= highest;
}

function isBytes(length: number): (value: unknown) => value is number[] {
  const isByte = isIntegerWithin(0, 255);
  return (value): value is number[] => Array.isArray(value) && value.length === length && value.every(isByte);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}
