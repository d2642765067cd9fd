import { readEui64 } from "../nib.ts";
import type { Beacon } from "../scan.ts";
import { coordinatorError } from "./failures.ts";
import { Subsystem } from "./framing.ts";
import { NoAnswer, type MtClient, type MtCommand } from "./mt-client.ts";
import { addressOf, readItem, writeItem } from "./nv-items.ts";

const DISCOVERY_REQUEST: MtCommand = { subsystem: Subsystem.ZDO, id: 0x26 };
const BEACON_INDICATION: MtCommand = { subsystem: Subsystem.ZDO, id: 0xc5 };
const DISCOVERY_CONFIRM: MtCommand = { subsystem: Subsystem.ZDO, id: 0xc7 };
const SUCCESS = 0;

/**
 * Each pass sends one beacon request. Every router of the network answers at about the same moment, so that a single answer
 * may well be lost; a coordinator that is on the air is missed only if all its answers are.
 */
const PASSES = 8;
/** Each pass listens (2^3 + 1) * 15.36 ms = 138 ms. */
const DURATION_EXPONENT = 3;
const PASS_MS = 5000;

/** Bytes of one beacon in an indication: source, PAN, channel, eight of no interest here, extended PAN ID. */
const BEACON_LENGTH = 21;
const EXTENDED_PAN_ID_AT = 13;

/**
 * Asks with a stack that is not started which stations of any network are on a channel (11 to 26), several times over.
 * @returns each station once, nearly always; one that is lost in every pass is missing
 * @throws UnderstudyError COORDINATOR_UNREADABLE
 */
export async function discover(mt: MtClient, channel: number): Promise<readonly Beacon[]> {
  const heard = new Map<string, Beacon>();
  for (let pass = 1; pass <= PASSES; pass++) {
    for (const beacon of await onePass(mt, channel)) heard.set(JSON.stringify(beacon), beacon);
  }
  return [...heard.values()];
}

/**
 * The list of channels that a coordinator keeps, for the time of a scan, with this one in it: others are not scanned.
 * @returns what undoes it, undefined where nothing was changed; both take effect with the next reset
 */
export async function admitChannel(mt: MtClient, channel: number): Promise<(() => Promise<void>) | undefined> {
  const address = addressOf("LEGACY", "CHANLIST");
  const list = address && (await readItem(mt, address, 4));
  if (!address || list?.length !== 4 || (list.readUInt32LE(0) & (1 << channel)) !== 0) return undefined;
  const wider = Buffer.alloc(4);
  wider.writeUInt32LE((list.readUInt32LE(0) | (1 << channel)) >>> 0);
  await writeItem(mt, address, wider);
  return () => writeItem(mt, address, list);
}

async function onePass(mt: MtClient, channel: number): Promise<Beacon[]> {
  const beacons: Beacon[] = [];
  const request = Buffer.alloc(5);
  request.writeUInt32LE(1 << channel);
  request.writeUInt8(DURATION_EXPONENT, 4);
  const confirmed = mt.indication(DISCOVERY_CONFIRM, PASS_MS, {
    meanwhile: (command, data) => {
      if (command.subsystem === BEACON_INDICATION.subsystem && command.id === BEACON_INDICATION.id)
        beacons.push(...readBeacons(data));
    },
  });
  confirmed.catch(() => undefined);
  try {
    const status = (await mt.request(DISCOVERY_REQUEST, request)).readUInt8(0);
    if (status !== SUCCESS) throw deaf(mt, `refused to (status ${status})`);
    await confirmed;
  } catch (error) {
    throw error instanceof NoAnswer ? deaf(mt, "did not finish") : error;
  }
  return beacons;
}

function readBeacons(data: Buffer): Beacon[] {
  return Array.from({ length: data.readUInt8(0) }, (_, index) => {
    const beacon = data.subarray(1 + index * BEACON_LENGTH);
    return {
      source: beacon.readUInt16LE(0),
      panId: beacon.readUInt16LE(2),
      channel: beacon.readUInt8(4),
      extendedPanId: readEui64(beacon, EXTENDED_PAN_ID_AT),
    };
  });
}

function deaf(mt: MtClient, how: string): Error {
  return coordinatorError(
    mt.place,
    "COORDINATOR_UNREADABLE",
    `it was to listen and ${how}.`,
    "try again; if it stays so, unplug it and plug it in again.",
  );
}
