import type { ApsData } from "../air/device-contract.ts";
import { isBroadcast } from "../air/radio-frame.ts";
import { ByteReader, u8, u16, u32 } from "./bytes.ts";
import type { MtCommand, MtCommands, MtContext } from "./mt-command.ts";
import { DEVICE_STATE, STATUS, SUBSYSTEM } from "./mt-ids.ts";
import type { OutgoingData } from "./stack-host.ts";

const DATA_CONFIRM = 0x80;
export const INCOMING_MESSAGE = 0x81;
const ADDRESS_MODE = { GROUP: 0x01, SHORT: 0x02, EXTENDED: 0x03, BROADCAST: 0x0f } as const;
const LINK_QUALITY = 200;
const RADIUS = 29;
/** The stack's clock counts backoff periods, in ms. */
const BACKOFF_MS = 0.32;

export const afCommands: MtCommands = {
  // register
  0x00: (data, { stack }) => {
    const endpoint = data.u8();
    if (stack.endpoints.has(endpoint)) return u8(STATUS.APS_DUPLICATE_ENTRY);
    const profileId = data.u16();
    const deviceId = data.u16();
    const deviceVersion = data.u8();
    // Latency is not modelled.
    data.u8();
    const inClusters = clusters(data);
    const outClusters = clusters(data);
    stack.endpoints.set(endpoint, { endpoint, profileId, deviceId, deviceVersion, inClusters, outClusters });
    return u8(STATUS.SUCCESS);
  },
  // dataRequest
  0x01: (data, context) => {
    const destination = data.u16();
    const dstEndpoint = data.u8();
    const srcEndpoint = data.u8();
    const clusterId = data.u16();
    const transaction = data.u8();
    data.take(2);
    return send(context, transaction, {
      destination,
      dstEndpoint,
      srcEndpoint,
      clusterId,
      payload: data.take(data.u8()),
    });
  },
  // dataRequestExt
  0x02: (data, context) => {
    const mode = data.u8();
    const address = new ByteReader(data.take(8));
    const dstEndpoint = data.u8();
    data.take(2);
    const srcEndpoint = data.u8();
    const clusterId = data.u16();
    const transaction = data.u8();
    data.take(2);
    const payload = data.take(data.u16());
    const known =
      mode === ADDRESS_MODE.EXTENDED ? context.stack.addresses.byIeee(address.ieee())?.address : address.u16();
    if (known === undefined) return u8(STATUS.NWK_NO_ROUTE);
    const group = mode === ADDRESS_MODE.GROUP ? known : undefined;
    return send(context, transaction, { destination: known, group, dstEndpoint, srcEndpoint, clusterId, payload });
  },
  // delete
  0x04: (data, { stack }) => u8(stack.endpoints.delete(data.u8()) ? STATUS.SUCCESS : STATUS.INVALID_PARAMETER),
};

/** Data of AF_INCOMING_MSG. */
export function incomingMessage(source: number, data: ApsData, broadcast: boolean, sequence: number): Buffer {
  return Buffer.concat([
    u16(0, data.clusterId, source),
    u8(data.srcEndpoint, data.dstEndpoint, broadcast ? 1 : 0, LINK_QUALITY, 0),
    u32(Math.floor(performance.now() / BACKOFF_MS)),
    u8(sequence, data.payload.length),
    data.payload,
    u16(source),
    u8(RADIUS),
  ]);
}

function send(
  context: MtContext,
  transaction: number,
  request: Omit<OutgoingData, "profileId">,
): ReturnType<MtCommand> {
  const { stack } = context;
  if (stack.state !== DEVICE_STATE.STARTED_AS_COORDINATOR) return u8(STATUS.NWK_INVALID_REQUEST);
  const own = stack.endpoints.get(request.srcEndpoint);
  if (!own) return u8(STATUS.INVALID_PARAMETER);
  const unconfirmed = request.group === undefined && isBroadcast(request.destination);
  stack.sendData({ ...request, profileId: own.profileId }, (status) => {
    context.indicate(
      SUBSYSTEM.AF,
      DATA_CONFIRM,
      u8(unconfirmed ? STATUS.SUCCESS : status, request.srcEndpoint, transaction),
    );
  });
  return u8(STATUS.SUCCESS);
}

function clusters(data: ByteReader): number[] {
  return Array.from({ length: data.u8() }, () => data.u16());
}
