import { z } from "zod";
import { zigbeeDevices } from "./database.ts";
import type { Findings } from "./judge.ts";

/** From so many devices on it means something that none of them is in a table. */
const TELLING = 3;
/** Zigbee 3.0, whose devices take a link key of their own when they join. Earlier ones may do without. */
const ZCL_OF_ZIGBEE_3 = 3;

const backupSchema = z.object({
  devices: z.array(z.object({ ieee_address: z.string(), link_key: z.object({}).nullish() })),
});

/**
 * I5 where there is no earlier generation to compare with: why a backup that Zigbee2MQTT has just made is not believed, by its
 * own database. A coordinator that answered too late reads as one with empty tables; a standby that is written with those knows no
 * device. Sentences for people, without any key.
 *
 * @param backup text of coordinator_backup.json
 * @param database text of database.db
 */
export function judgeFirst(backup: string, database: string): Findings {
  const parsed = backupSchema.safeParse(parseJson(backup));
  if (!parsed.success) return ["coordinator_backup.json is not readable"];
  const known = zigbeeDevices(database);
  const { devices } = parsed.data;
  if (devices.length === 0 && known.length >= TELLING)
    return [`the coordinator seems to know no device, while the database has ${known.length}`];
  const keyed = new Set(
    devices.flatMap((device) => (device.link_key ? [`0x${device.ieee_address.toLowerCase()}`] : [])),
  );
  const modern = known.filter(({ zclVersion = 0 }) => zclVersion >= ZCL_OF_ZIGBEE_3);
  if (modern.length < TELLING || modern.some(({ ieeeAddr }) => keyed.has(ieeeAddr))) return [];
  return [
    `the coordinator seems to know no link key of the ${modern.length} devices in the database that should have one (Zigbee 3.0)`,
  ];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
