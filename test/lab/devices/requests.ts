import { Zcl } from "zigbee-herdsman";
import type { ApsData } from "../../../lab/air/device-contract.ts";

let sequence = 0;

interface RequestOptions {
  /** Herdsman's own choice: a default response for commands that have no other, none for global ones. */
  readonly disableDefaultResponse?: boolean;
  readonly manufacturerCode?: number;
  readonly dstEndpoint?: number;
}

function request(
  frameType: Zcl.FrameType,
  cluster: string | number,
  command: string,
  payload: unknown,
  options: RequestOptions,
): ApsData {
  sequence = (sequence + 1) & 0xff;
  const frame = Zcl.Frame.create(
    frameType,
    Zcl.Direction.CLIENT_TO_SERVER,
    options.disableDefaultResponse ?? frameType === Zcl.FrameType.GLOBAL,
    options.manufacturerCode,
    sequence,
    command,
    cluster,
    payload,
    {},
  );
  return {
    srcEndpoint: 1,
    dstEndpoint: options.dstEndpoint ?? 1,
    profileId: 0x0104,
    clusterId: frame.cluster.ID,
    payload: frame.toBuffer(),
  };
}

/** A global command (read, write, configReport …) as zigbee-herdsman sends it to endpoint 1. */
export function globalRequest(
  cluster: string | number,
  command: string,
  payload: unknown,
  options: RequestOptions = {},
): ApsData {
  return request(Zcl.FrameType.GLOBAL, cluster, command, payload, options);
}

/** A command of a cluster (on, moveToLevel …) as zigbee-herdsman sends it to endpoint 1. */
export function clusterRequest(
  cluster: string,
  command: string,
  payload: object = {},
  options: RequestOptions = {},
): ApsData {
  return request(Zcl.FrameType.SPECIFIC, cluster, command, payload, options);
}

/** A read of attributes by name. */
export function readRequest(cluster: string, ...names: string[]): ApsData {
  return globalRequest(
    cluster,
    "read",
    names.map((name) => ({ attrId: attributeId(cluster, name) })),
  );
}

/** A Configure Reporting for one attribute by name. */
export function reportingRequest(
  cluster: string,
  name: string,
  minRepIntval: number,
  maxRepIntval: number,
  repChange: number,
): ApsData {
  const attribute = Zcl.Utils.getCluster(cluster).attributes[name];
  const record = { attrId: attribute?.ID, dataType: attribute?.type, minRepIntval, maxRepIntval, repChange };
  return globalRequest(cluster, "configReport", [{ direction: Zcl.Direction.CLIENT_TO_SERVER, ...record }]);
}

export function attributeId(cluster: string, name: string): number {
  const attribute = Zcl.Utils.getCluster(cluster).attributes[name];
  if (!attribute) throw new Error(`no attribute ${cluster}.${name}`);
  return attribute.ID;
}

/** What zigbee-herdsman makes of frames that a device sent. */
export function parseAll(frames: readonly ApsData[]): { cluster: string; command: string; payload: any }[] {
  return frames.map(({ clusterId, payload }) => {
    const frame = Zcl.Frame.fromBuffer(clusterId, Zcl.Header.fromBuffer(payload), payload, {});
    return { cluster: frame.cluster.name, command: frame.command.name, payload: frame.payload };
  });
}
