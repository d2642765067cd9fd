import { randomBytes, randomInt } from "node:crypto";
import { ieeeFromBytes, ieeeToBytes, u16, u32 } from "./bytes.ts";
import { readNib, writeNib, type NetworkInformation } from "./nib.ts";
import { makeStartItems, STARTUP_OPTION } from "./nvram-defaults.ts";
import type { Nvram } from "./nvram.ts";

/** A network that the stack runs, or could run. */
export interface OperatingNetwork extends NetworkInformation {
  readonly key: Buffer;
  readonly keySequence: number;
}

const ANY_PAN = 0xffff;
const ON_A_NETWORK = 1;

/** The network that a start would resume; undefined: NVRAM holds none. */
export function storedNetwork(nvram: Nvram): OperatingNetwork | undefined {
  const option = nvram.get("STARTUP_OPTION")?.readUInt8(0) ?? 0;
  const nib = readNib(nvram.get("NIB"));
  const active = nvram.get("NWK_ACTIVE_KEY_INFO");
  const keyItem = nvram.get("NWKKEY");
  const formed = nvram.get("BDBNODEISONANETWORK")?.readUInt8(0) === ON_A_NETWORK;
  if (!nib || !active || !formed || option & STARTUP_OPTION.CLEAR_STATE) return undefined;
  // The stack itself looks only at whether NWKKEY holds any key; it works with the active one.
  if (!keyItem || keyItem.subarray(1, 17).every((byte) => byte === 0)) return undefined;
  return { ...nib, key: active.subarray(1, 17), keySequence: active.readUInt8(0) };
}

/**
 * Forms a new network from the commissioning items: PANID, APS_USE_EXT_PANID, PRECFGKEY.
 * @param channelMask channels to choose from; the first is taken
 * @param panIdTaken whether a neighbour uses a PAN id; the next free one is taken then
 * @returns undefined when the mask names no channel
 */
export function formNetwork(
  nvram: Nvram,
  hardwareIeee: string,
  channelMask: number,
  panIdTaken: (panId: number) => boolean,
): OperatingNetwork | undefined {
  const channel = channelsOf(channelMask)[0];
  if (channel === undefined) return undefined;
  const wanted = nvram.get("PANID")?.readUInt16LE(0) ?? ANY_PAN;
  let panId = wanted === ANY_PAN ? randomInt(1, 0xfff0) : wanted;
  while (panIdTaken(panId)) panId = (panId + 1) % 0xfff0;
  const chosenEpid = nvram.get("APS_USE_EXT_PANID");
  const ownIeee = nvram.get("EXTADDR") ?? ieeeToBytes(hardwareIeee);
  const extendedPanId = ieeeFromBytes(chosenEpid && !isZero(chosenEpid) ? chosenEpid : ownIeee);
  const configured = nvram.get("PRECFGKEY");
  const key = Buffer.from(configured && !isZero(configured) ? configured : randomBytes(16));

  makeStartItems(nvram, hardwareIeee);
  const network = { panId, extendedPanId, channel, channelMask, updateId: 0, keyLoaded: true, key, keySequence: 0 };
  nvram.set("NIB", writeNib(network));
  const keyInfo = Buffer.concat([Buffer.from([0]), key]);
  nvram.set("NWK_ACTIVE_KEY_INFO", keyInfo);
  nvram.set("NWK_ALTERN_KEY_INFO", keyInfo);
  nvram.set("BDBNODEISONANETWORK", Buffer.from([ON_A_NETWORK]));
  nvram.set("EXTENDED_PAN_ID", ieeeToBytes(extendedPanId));
  nvram.set("APS_USE_EXT_PANID", ieeeToBytes(extendedPanId));
  nvram.set("PANID", u16(panId));
  nvram.set("CHANLIST", u32(channelMask));
  return network;
}

/** A start has obeyed CLEAR_STATE; it is not to do so again. */
export function clearStateOption(nvram: Nvram): void {
  const option = nvram.get("STARTUP_OPTION")?.readUInt8(0) ?? 0;
  nvram.set("STARTUP_OPTION", Buffer.from([option & ~STARTUP_OPTION.CLEAR_STATE]));
}

/** Channels 11-26 that a mask names. */
export function channelsOf(mask: number): number[] {
  return Array.from({ length: 16 }, (_, index) => index + 11).filter((channel) => (mask >>> channel) & 1);
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
