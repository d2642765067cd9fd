import { z } from "zod";

const entrySchema = z.object({
  type: z.enum(["Router", "EndDevice"]),
  ieeeAddr: z.string().toLowerCase(),
  nwkAddr: z.number().optional(),
  zclVersion: z.number().nullish(),
});

/** A device as Zigbee2MQTT's database.db has it. */
export interface DatabaseDevice {
  /** `0x00158d0000000011` */
  readonly ieeeAddr: string;
  /** Its short address. */
  readonly nwkAddr: number | undefined;
  /** Undefined where its interview did not tell. */
  readonly zclVersion: number | undefined;
}

/** The routers and end devices of a database.db (one JSON object a line). Lines that make no sense are left out. */
export function zigbeeDevices(database: string): readonly DatabaseDevice[] {
  return database.split("\n").flatMap((line) => {
    const { data } = entrySchema.safeParse(parseJson(line));
    if (!data) return [];
    const { ieeeAddr, nwkAddr, zclVersion } = data;
    return [{ ieeeAddr, nwkAddr, zclVersion: zclVersion ?? undefined }];
  });
}

/**
 * Which devices there are, each with its short address: what the tables of a coordinator depend on. Everything else in the database
 * changes from hour to hour.
 */
export function devicesOf(database: string): ReadonlySet<string> {
  return new Set(
    zigbeeDevices(database).flatMap(({ ieeeAddr, nwkAddr }) =>
      nwkAddr === undefined ? [] : [`${ieeeAddr} ${nwkAddr}`],
    ),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
