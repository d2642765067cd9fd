import { BROADCAST } from "../air/radio-frame.ts";
import { ZDO } from "../air/zdo.ts";
import { channelsOf } from "./formation.ts";
import { ByteReader, ieeeToBytes, u8, u16, u32 } from "./bytes.ts";
import type { MtCommand, MtCommands, MtContext } from "./mt-command.ts";
import { indicateState } from "./mt-app-cnf.ts";
import { DEVICE_STATE, STATUS, SUBSYSTEM } from "./mt-ids.ts";
import type { Stack } from "./stack.ts";

const BEACON_NOTIFICATION = 0xc5;
const DISCOVERY_CONFIRM = 0xc7;
const LEAVE_INDICATION = 0xc9;
const DEVICE_AUTHORIZED = 0xca;
const NETWORK_UPDATE_NOTIFICATION = 0xb8;
/** Answer of startupFromApp when there is nothing to resume. */
const NOTHING_TO_RESUME = 1;
const START_MS = 200;
const CHANGE_CHANNEL = 0xfe;
const MAX_ENERGY_SCAN_DURATION = 5;
/** A slot of the superframe: a scan listens 2^duration + 1 of them on each channel. */
const SCAN_SLOT_MS = 15.36;
/** Energy of a channel without and with a network on it, 0-255. */
const QUIET = 24;
const BUSY = 96;

export const zdoCommands: MtCommands = {
  0x00: (data, context) => request(context, ZDO.NETWORK_ADDRESS, BROADCAST.LISTENING, data.rest()),
  0x01: (data, context) => {
    const body = data.rest();
    return request(context, ZDO.IEEE_ADDRESS, body.readUInt16LE(0), body);
  },
  0x02: forwarded(ZDO.NODE_DESCRIPTOR),
  0x03: forwarded(ZDO.POWER_DESCRIPTOR),
  0x04: forwarded(ZDO.SIMPLE_DESCRIPTOR),
  0x05: forwarded(ZDO.ACTIVE_ENDPOINTS),
  0x06: forwarded(ZDO.MATCH_DESCRIPTORS),
  0x21: forwarded(ZDO.BIND),
  0x22: forwarded(ZDO.UNBIND),
  // nwkDiscoveryReq
  0x26: (data, context) => discover(context, data.u32(), data.u8()),
  0x31: forwarded(ZDO.NEIGHBORS),
  0x32: forwarded(ZDO.ROUTES),
  0x33: forwarded(ZDO.BINDINGS),
  0x34: forwarded(ZDO.LEAVE),
  // mgmtPermitJoinReq: address mode, address, seconds, trust center significance
  0x36: (data, context) => {
    const broadcastMode = data.u8() === 0x0f;
    const destination = data.u16();
    // To herdsman "the coordinator alone" is the broadcast address with the mode of a short address.
    const alone = !broadcastMode && destination === BROADCAST.ROUTERS;
    return request(context, ZDO.PERMIT_JOIN, alone ? 0 : destination, data.rest());
  },
  // mgmtNwkUpdateReq
  0x37: (data, context) => updateNetwork(context, data),
  // msgCbRegister, msgCbRemove: everything is passed on anyway
  0x3e: () => u8(STATUS.SUCCESS),
  0x3f: () => u8(STATUS.SUCCESS),
  // startupFromApp
  0x40: (data, context) => {
    const delay = data.u16();
    const { stack } = context;
    if (stack.state === DEVICE_STATE.HOLD && !stack.canResume()) return u8(NOTHING_TO_RESUME);
    context.later(delay + START_MS, () => {
      if (stack.state !== DEVICE_STATE.STARTED_AS_COORDINATOR && !stack.resume()) return;
      indicateState(context, DEVICE_STATE.STARTED_AS_COORDINATOR);
    });
    return u8(STATUS.SUCCESS);
  },
  // extRouteDisc, extRouteCheck
  0x45: () => u8(STATUS.SUCCESS),
  0x46: () => u8(STATUS.SUCCESS),
  // extFindGroup, extAddGroup
  0x4a: (data, { stack }) => {
    const member = `${data.u8()}/${data.u16()}`;
    const found = stack.groups.has(member);
    return Buffer.concat([u8(found ? STATUS.SUCCESS : STATUS.FAILURE), u16(Number(member.split("/")[1])), u8(0)]);
  },
  0x4b: (data, { stack }) => {
    stack.groups.add(`${data.u8()}/${data.u16()}`);
    return u8(STATUS.SUCCESS);
  },
  // extNwkInfo
  0x50: (_data, { stack }) => networkInfo(stack),
};

const RESPONSES: Readonly<Record<number, number>> = {
  [ZDO.NETWORK_ADDRESS]: 0x80,
  [ZDO.IEEE_ADDRESS]: 0x81,
  [ZDO.NODE_DESCRIPTOR]: 0x82,
  [ZDO.POWER_DESCRIPTOR]: 0x83,
  [ZDO.SIMPLE_DESCRIPTOR]: 0x84,
  [ZDO.ACTIVE_ENDPOINTS]: 0x85,
  [ZDO.MATCH_DESCRIPTORS]: 0x86,
  [ZDO.BIND]: 0xa1,
  [ZDO.UNBIND]: 0xa2,
  [ZDO.NEIGHBORS]: 0xb1,
  [ZDO.ROUTES]: 0xb2,
  [ZDO.BINDINGS]: 0xb3,
  [ZDO.LEAVE]: 0xb4,
  [ZDO.PERMIT_JOIN]: 0xb6,
};
const ANNOUNCEMENT = 0xc1;

/** The AREQ for a frame that the coordinator's device object received; undefined: the host is not told. */
export function zdoIndication(source: number, cluster: number, body: Buffer): { id: number; data: Buffer } | undefined {
  if (cluster === ZDO.DEVICE_ANNOUNCE) return { id: ANNOUNCEMENT, data: Buffer.concat([u16(source), body]) };
  const asked = cluster & 0x7fff;
  const id = RESPONSES[asked];
  if (id === undefined) return undefined;
  if (asked !== ZDO.NETWORK_ADDRESS && asked !== ZDO.IEEE_ADDRESS)
    return { id, data: Buffer.concat([u16(source), body]) };
  // Start index, number of children: other than on the air both are always there, and in this order.
  return { id, data: Buffer.concat([body.subarray(0, 11), u8(0, 0)]) };
}

export function deviceAuthorized(address: number, ieee: string): { id: number; data: Buffer } {
  return { id: DEVICE_AUTHORIZED, data: Buffer.concat([u16(address), ieeeToBytes(ieee), u16(0)]) };
}

export function leaveIndication(address: number, ieee: string, rejoin: boolean): { id: number; data: Buffer } {
  return { id: LEAVE_INDICATION, data: Buffer.concat([u16(address), ieeeToBytes(ieee), u8(0, 0, rejoin ? 1 : 0)]) };
}

/** Commands whose data are the destination and then what goes over the air. */
function forwarded(cluster: number): MtCommand {
  return (data, context) => {
    const destination = data.u16();
    const body = data.rest();
    return request(
      context,
      cluster,
      destination,
      cluster === ZDO.BIND || cluster === ZDO.UNBIND ? binding(body) : body,
    );
  };
}

/** A group as target of a binding takes two bytes and no endpoint on the air, but eight and one here. */
function binding(body: Buffer): Buffer {
  const toGroup = body.readUInt8(11) === 1;
  return toGroup ? body.subarray(0, 14) : body.subarray(0, 21);
}

function request({ stack }: MtContext, cluster: number, destination: number, body: Buffer): Buffer {
  if (stack.state !== DEVICE_STATE.STARTED_AS_COORDINATOR) return u8(STATUS.NWK_INVALID_REQUEST);
  stack.requestZdo(destination, cluster, Buffer.from(body));
  return u8(STATUS.SUCCESS);
}

function discover(context: MtContext, mask: number, duration: number): Buffer {
  const { stack } = context;
  if (stack.state !== DEVICE_STATE.HOLD) return u8(STATUS.NWK_INVALID_REQUEST);
  const channels = channelsOf(mask);
  context.later(channels.length * (2 ** duration + 1) * SCAN_SLOT_MS, () => {
    for (const beacon of stack.scan(channels)) {
      const { source, panId, channel, permitJoin, depth, updateId, extendedPanId } = beacon;
      const capacities = [permitJoin ? 1 : 0, 1, 1];
      const data = Buffer.concat([
        u8(1),
        u16(source, panId),
        u8(channel, ...capacities, 2, 2, 200, depth, updateId),
        ieeeToBytes(extendedPanId),
      ]);
      context.indicate(SUBSYSTEM.ZDO, BEACON_NOTIFICATION, data);
    }
    context.indicate(SUBSYSTEM.ZDO, DISCOVERY_CONFIRM, u8(STATUS.SUCCESS));
  });
  return u8(STATUS.SUCCESS);
}

/** An energy scan by the coordinator itself, or a change of channel for all. */
function updateNetwork(context: MtContext, data: ByteReader): Buffer {
  const { stack } = context;
  if (stack.state !== DEVICE_STATE.STARTED_AS_COORDINATOR) return u8(STATUS.NWK_INVALID_REQUEST);
  const destination = data.u16();
  data.u8();
  const mask = data.u32();
  const duration = data.u8();
  if (duration === CHANGE_CHANNEL) stack.changeChannel(mask);
  else if (duration <= MAX_ENERGY_SCAN_DURATION && destination === 0) {
    const channels = channelsOf(mask);
    context.later(channels.length * (2 ** duration + 1) * SCAN_SLOT_MS, () => {
      const busy = new Set(stack.scan(channels).map(({ channel }) => channel));
      const energies = channels.map((channel) => (busy.has(channel) ? BUSY : QUIET));
      const header = Buffer.concat([u16(0), u8(STATUS.SUCCESS), u32(mask), u16(0, 0)]);
      const report = Buffer.concat([header, u8(energies.length, ...energies)]);
      context.indicate(SUBSYSTEM.ZDO, NETWORK_UPDATE_NOTIFICATION, report);
    });
  }
  return u8(STATUS.SUCCESS);
}

function networkInfo(stack: Stack): Buffer {
  const network = stack.operating;
  return Buffer.concat([
    u16(network ? 0 : 0xfffe),
    u8(stack.state),
    u16(network?.panId ?? 0xffff, network ? 0 : 0xfffe),
    ieeeToBytes(network?.extendedPanId ?? ""),
    ieeeToBytes(""),
    u8(network?.channel ?? 0),
  ]);
}
