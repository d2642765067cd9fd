import { BROADCAST } from "./radio-frame.ts";
import type { SimpleDescriptor } from "./device-contract.ts";

/** Clusters of the Zigbee device object that the lab speaks; a response has bit 15 set. */
export const ZDO = {
  NETWORK_ADDRESS: 0x0000,
  IEEE_ADDRESS: 0x0001,
  NODE_DESCRIPTOR: 0x0002,
  POWER_DESCRIPTOR: 0x0003,
  SIMPLE_DESCRIPTOR: 0x0004,
  ACTIVE_ENDPOINTS: 0x0005,
  MATCH_DESCRIPTORS: 0x0006,
  DEVICE_ANNOUNCE: 0x0013,
  BIND: 0x0021,
  UNBIND: 0x0022,
  NEIGHBORS: 0x0031,
  ROUTES: 0x0032,
  BINDINGS: 0x0033,
  LEAVE: 0x0034,
  PERMIT_JOIN: 0x0036,
  NETWORK_UPDATE: 0x0038,
} as const;

const SUCCESS = 0x00;
const DEVICE_NOT_FOUND = 0x81;
const INVALID_ENDPOINT = 0x82;
const NOT_SUPPORTED = 0x84;
const NEIGHBORS_PER_RESPONSE = 3;

export interface Neighbor {
  readonly extendedPanId: string;
  readonly ieee: string;
  readonly address: number;
  readonly type: "coordinator" | "router" | "end-device";
  readonly relationship: "parent" | "child" | "sibling";
  readonly depth: number;
}

/** The node that requests are about, as it describes itself. */
export interface ZdoNode {
  readonly address: number;
  /** 16 hex digits. */
  readonly ieee: string;
  readonly type: "coordinator" | "router" | "end-device";
  readonly capability: number;
  readonly manufacturerCode: number;
  readonly endpoints: readonly SimpleDescriptor[];
  neighbors(): readonly Neighbor[];
  bind(cluster: number, endpoint: number): void;
  unbind(cluster: number, endpoint: number): void;
  leave(rejoin: boolean): void;
  permitJoin(seconds: number): void;
}

/**
 * Answers a request to a device object.
 * @param request the frame without its sequence number
 * @returns the response without its sequence number; undefined: none is sent
 */
export function answerZdo(cluster: number, request: Buffer, node: ZdoNode): Buffer | undefined {
  switch (cluster) {
    case ZDO.NETWORK_ADDRESS:
      return ieeeOf(request).equals(reversed(node.ieee)) ? addresses(node, request.readUInt8(8)) : undefined;
    case ZDO.IEEE_ADDRESS:
      return request.readUInt16LE(0) === node.address ? addresses(node, request.readUInt8(2)) : undefined;
    case ZDO.NODE_DESCRIPTOR:
      return aboutThisNode(request, node, () => nodeDescriptor(node));
    case ZDO.POWER_DESCRIPTOR:
      return aboutThisNode(request, node, () => Buffer.from(node.type === "end-device" ? [0x40, 0xc4] : [0x10, 0xc1]));
    case ZDO.SIMPLE_DESCRIPTOR:
      return describeEndpoint(request, node);
    case ZDO.ACTIVE_ENDPOINTS: {
      const numbers = node.endpoints.map(({ endpoint }) => endpoint);
      return aboutThisNode(request, node, () => Buffer.from([numbers.length, ...numbers]));
    }
    case ZDO.MATCH_DESCRIPTORS:
      return aboutThisNode(request, node, () => matchingEndpoints(request, node));
    case ZDO.BIND:
      node.bind(request.readUInt16LE(9), request.readUInt8(8));
      return Buffer.from([SUCCESS]);
    case ZDO.UNBIND:
      node.unbind(request.readUInt16LE(9), request.readUInt8(8));
      return Buffer.from([SUCCESS]);
    case ZDO.NEIGHBORS:
      return neighborTable(request.readUInt8(0), node.neighbors());
    case ZDO.ROUTES:
    case ZDO.BINDINGS:
      return Buffer.from([SUCCESS, 0, request.readUInt8(0), 0]);
    case ZDO.LEAVE:
      if (!isOwnOrNone(ieeeOf(request), node)) return Buffer.from([DEVICE_NOT_FOUND]);
      node.leave((request.readUInt8(8) & 0x80) !== 0);
      return Buffer.from([SUCCESS]);
    case ZDO.PERMIT_JOIN:
      node.permitJoin(request.readUInt8(0));
      return Buffer.from([SUCCESS]);
    default:
      return Buffer.from([NOT_SUPPORTED]);
  }
}

/** Whether a request that was sent to everyone is answered: only one that looks for a node is. */
export function isAnsweredWhenBroadcast(cluster: number): boolean {
  return cluster === ZDO.NETWORK_ADDRESS || cluster === ZDO.IEEE_ADDRESS || cluster === ZDO.MATCH_DESCRIPTORS;
}

/** The announcement of a device that is in the network from now on, without its sequence number. */
export function announcement(node: Pick<ZdoNode, "address" | "ieee" | "capability">): Buffer {
  const address = Buffer.alloc(2);
  address.writeUInt16LE(node.address);
  return Buffer.concat([address, reversed(node.ieee), Buffer.from([node.capability])]);
}

function aboutThisNode(request: Buffer, node: ZdoNode, answer: () => Buffer): Buffer {
  const asked = request.subarray(0, 2);
  const known = request.readUInt16LE(0) === node.address || request.readUInt16LE(0) >= BROADCAST.ROUTERS;
  return known
    ? Buffer.concat([Buffer.from([SUCCESS]), asked, answer()])
    : Buffer.concat([Buffer.from([DEVICE_NOT_FOUND]), asked]);
}

function addresses(node: ZdoNode, kind: number): Buffer {
  const address = Buffer.alloc(2);
  address.writeUInt16LE(node.address);
  // Asked for its children as well, a node of the lab names none.
  const extended = kind === 1 ? Buffer.from([0]) : Buffer.alloc(0);
  return Buffer.concat([Buffer.from([SUCCESS]), reversed(node.ieee), address, extended]);
}

function nodeDescriptor(node: ZdoNode): Buffer {
  const descriptor = Buffer.alloc(13);
  descriptor.writeUInt8({ coordinator: 0, router: 1, "end-device": 2 }[node.type], 0);
  // The 2.4 GHz band.
  descriptor.writeUInt8(0x40, 1);
  descriptor.writeUInt8(node.capability, 2);
  descriptor.writeUInt16LE(node.manufacturerCode, 3);
  descriptor.writeUInt8(80, 5);
  descriptor.writeUInt16LE(160, 6);
  // Revision 22 of the specification; the coordinator is also the primary trust center.
  descriptor.writeUInt16LE((22 << 9) | (node.type === "coordinator" ? 0x41 : 0), 8);
  descriptor.writeUInt16LE(160, 10);
  return descriptor;
}

function describeEndpoint(request: Buffer, node: ZdoNode): Buffer {
  const found = node.endpoints.find(({ endpoint }) => endpoint === request.readUInt8(2));
  const asked = request.subarray(0, 2);
  if (!found) return Buffer.concat([Buffer.from([INVALID_ENDPOINT]), asked, Buffer.from([0])]);
  const { inClusters, outClusters } = found;
  const descriptor = Buffer.alloc(8 + 2 * (inClusters.length + outClusters.length));
  descriptor.writeUInt8(found.endpoint, 0);
  descriptor.writeUInt16LE(found.profileId, 1);
  descriptor.writeUInt16LE(found.deviceId, 3);
  descriptor.writeUInt8(found.deviceVersion, 5);
  descriptor.writeUInt8(inClusters.length, 6);
  inClusters.forEach((cluster, index) => descriptor.writeUInt16LE(cluster, 7 + 2 * index));
  const out = 7 + 2 * inClusters.length;
  descriptor.writeUInt8(outClusters.length, out);
  outClusters.forEach((cluster, index) => descriptor.writeUInt16LE(cluster, out + 1 + 2 * index));
  return Buffer.concat([Buffer.from([SUCCESS]), asked, Buffer.from([descriptor.length]), descriptor]);
}

function matchingEndpoints(request: Buffer, node: ZdoNode): Buffer {
  const profile = request.readUInt16LE(2);
  const wantedIn = clusterList(request, 4);
  const wantedOut = clusterList(request, 5 + 2 * wantedIn.length);
  const found = node.endpoints.filter(
    ({ profileId, inClusters, outClusters }) =>
      profileId === profile &&
      (wantedIn.some((cluster) => inClusters.includes(cluster)) ||
        wantedOut.some((cluster) => outClusters.includes(cluster))),
  );
  return Buffer.from([found.length, ...found.map(({ endpoint }) => endpoint)]);
}

function clusterList(request: Buffer, offset: number): number[] {
  return Array.from({ length: request.readUInt8(offset) }, (_, index) => request.readUInt16LE(offset + 1 + 2 * index));
}

function neighborTable(start: number, neighbors: readonly Neighbor[]): Buffer {
  const listed = neighbors.slice(start, start + NEIGHBORS_PER_RESPONSE);
  const header = Buffer.from([SUCCESS, neighbors.length, start, listed.length]);
  return Buffer.concat([header, ...listed.map(encodeNeighbor)]);
}

function encodeNeighbor(neighbor: Neighbor): Buffer {
  const entry = Buffer.alloc(22);
  reversed(neighbor.extendedPanId).copy(entry, 0);
  reversed(neighbor.ieee).copy(entry, 8);
  entry.writeUInt16LE(neighbor.address, 16);
  const type = { coordinator: 0, router: 1, "end-device": 2 }[neighbor.type];
  const listens = neighbor.type === "end-device" ? 0 : 1;
  const relationship = { parent: 0, child: 1, sibling: 2 }[neighbor.relationship];
  entry.writeUInt8(type | (listens << 2) | (relationship << 4), 18);
  // Whether it lets others join is not known.
  entry.writeUInt8(2, 19);
  entry.writeUInt8(neighbor.depth, 20);
  entry.writeUInt8(200, 21);
  return entry;
}

/** A request to leave may name the node itself, or nobody and mean the same. */
function isOwnOrNone(address: Buffer, node: ZdoNode): boolean {
  return address.equals(Buffer.alloc(8)) || address.equals(reversed(node.ieee));
}

function ieeeOf(request: Buffer): Buffer {
  return request.subarray(0, 8);
}

function reversed(ieee: string): Buffer {
  return Buffer.from(Buffer.from(ieee, "hex").toReversed());
}
