import { Zcl } from "zigbee-herdsman";
import type { ApsData } from "../air/device-contract.ts";

/** Home Automation, the application profile of all these devices. */
export const HOME_AUTOMATION_PROFILE = 0x0104;
/** APS endpoint that means "all endpoints": broadcasts and group messages. Such frames are never answered. */
export const BROADCAST_ENDPOINT = 0xff;
/** A ZCL header without manufacturer code: frame control, sequence number, command. */
const SHORTEST_FRAME = 3;

export interface GlobalReply {
  readonly kind: "global";
  readonly command: string;
  readonly payload: unknown;
}
export interface ClusterReply {
  readonly kind: "cluster";
  readonly command: string;
  readonly payload: unknown;
}
/** Answered by a Default Response, if the sender wants one. */
export interface StatusReply {
  readonly kind: "status";
  readonly status: Zcl.Status;
}
export interface NoReply {
  readonly kind: "none";
}
export type Reply = GlobalReply | ClusterReply | StatusReply | NoReply;

/** The answer "this is the status". */
export function status(value: Zcl.Status): StatusReply {
  return { kind: "status", status: value };
}

/** The ZCL header, or undefined if the payload is too short to have one. */
export function parseHeader(payload: Buffer): Zcl.Header | undefined {
  const manufacturerSpecific = ((payload[0] ?? 0) & 0x04) !== 0;
  if (payload.length < SHORTEST_FRAME + (manufacturerSpecific ? 2 : 0)) return undefined;
  return Zcl.Header.fromBuffer(payload);
}

/** The whole frame, or the status that the Zigbee Cluster Library wants for one that cannot be understood. */
export function parseFrame(clusterId: number, header: Zcl.Header, payload: Buffer): Zcl.Frame | Zcl.Status {
  try {
    return Zcl.Frame.fromBuffer(clusterId, header, payload, {});
  } catch (error) {
    return error instanceof Zcl.StatusError ? error.code : Zcl.Status.MALFORMED_COMMAND;
  }
}

/**
 * Builds the answer to a frame, or none: a broadcast is never answered, a Default Response only if the sender did not
 * disable it or something went wrong (Zigbee Cluster Library, section 2.5.12).
 */
export function buildReply(request: ApsData, header: Zcl.Header, reply: Reply, endpoint: number): ApsData[] {
  if (reply.kind === "none" || request.dstEndpoint === BROADCAST_ENDPOINT) return [];
  if (reply.kind !== "status") {
    return [answer(request, header, endpoint, reply.kind, reply.command, reply.payload)];
  }
  if (reply.status === Zcl.Status.SUCCESS && header.frameControl.disableDefaultResponse) return [];
  const payload = { cmdId: header.commandIdentifier, statusCode: reply.status };
  return [answer(request, header, endpoint, "global", "defaultRsp", payload)];
}

function answer(
  request: ApsData,
  header: Zcl.Header,
  endpoint: number,
  kind: "global" | "cluster",
  command: string,
  payload: unknown,
): ApsData {
  const frame = Zcl.Frame.create(
    kind === "global" ? Zcl.FrameType.GLOBAL : Zcl.FrameType.SPECIFIC,
    Zcl.Direction.SERVER_TO_CLIENT,
    true,
    header.manufacturerCode,
    header.transactionSequenceNumber,
    command,
    request.clusterId,
    payload,
    {},
  );
  return {
    srcEndpoint: endpoint,
    dstEndpoint: request.srcEndpoint,
    profileId: request.profileId,
    clusterId: request.clusterId,
    payload: frame.toBuffer(),
  };
}

/** A Report Attributes frame for the coordinator's application endpoint. */
export function buildReport(
  clusterId: number,
  attributes: readonly { id: number; type: Zcl.DataType; value: unknown }[],
  sequence: number,
  endpoint: number,
): ApsData {
  const records = attributes.map(({ id, type, value }) => ({ attrId: id, dataType: type, attrData: value }));
  const frame = Zcl.Frame.create(
    Zcl.FrameType.GLOBAL,
    Zcl.Direction.SERVER_TO_CLIENT,
    true,
    undefined,
    sequence,
    "report",
    clusterId,
    records,
    {},
  );
  return {
    srcEndpoint: endpoint,
    dstEndpoint: 1,
    profileId: HOME_AUTOMATION_PROFILE,
    clusterId,
    payload: frame.toBuffer(),
  };
}
