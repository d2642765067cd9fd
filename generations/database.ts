import { z } from "zod";

const entrySchema = z.object({ type: z.enum(["Router", "EndDevice"]), ieeeAddr: z.string(), nwkAddr: z.number() });

/**
 * The devices of Zigbee2MQTT's database.db (one JSON object a line), each with its short address: what the tables of a coordinator
 * depend on. Everything else in it changes from hour to hour. Lines that make no sense are left out.
 */
export function devicesOf(database: string): ReadonlySet<string> {
  const devices = database.split("\n").flatMap((line) => {
    const { data } = entrySchema.safeParse(parseJson(line));
    return data ? [`${data.ieeeAddr.toLowerCase()} ${data.nwkAddr}`] : [];
  });
  return new Set(devices);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
