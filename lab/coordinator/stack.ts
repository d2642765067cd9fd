import { randomInt } from "node:crypto";
import type { Air, AssociationRequest, Beacon, CoordinatorStation } from "../air/air.ts";
import { now } from "../air/clock.ts";
import type { ApsData, SimpleDescriptor } from "../air/device-contract.ts";
import { BROADCAST, WELL_KNOWN_LINK_KEY, isBroadcast, keyId } from "../air/radio-frame.ts";
import type { ApsCommand, FrameContent, RadioFrame } from "../air/radio-frame.ts";
import { ZDO, answerZdo, isAnsweredWhenBroadcast, type ZdoNode } from "../air/zdo.ts";
import { ADDRESS_USER, AddressTable } from "./address-table.ts";
import { ieeeFromBytes } from "./bytes.ts";
import { ChildList, NODE_RELATION } from "./child-list.ts";
import { clearStateOption, formNetwork, storedNetwork, type OperatingNetwork } from "./formation.ts";
import { LinkKeys } from "./link-keys.ts";
import { DEVICE_STATE, STATUS } from "./mt-ids.ts";
import { NeighborTable } from "./neighbor-table.ts";
import { NetworkCounter } from "./network-counter.ts";
import { writeNib } from "./nib.ts";
import { bootNvram, makeStartItems } from "./nvram-defaults.ts";
import type { Nvram } from "./nvram.ts";
import type { OutgoingData, StackEvents } from "./stack-host.ts";

const COORDINATOR = 0x0000;
const CAPABILITY = 0x8f;
const TEXAS_INSTRUMENTS = 0x0007;
const SLEEPY_CAPABILITY_MASK = 0x08;
/** How long a frame waits for a sleepy child that does not ask for it, in ms. */
const INDIRECT_TIMEOUT_MS = 7500;

export interface StackOptions {
  readonly name: string;
  readonly hardwareIeee: string;
  readonly nvram: Nvram;
  readonly air: Air;
  readonly events: StackEvents;
}

/**
 * A Z-Stack coordinator and trust center without its serial interface. After `boot` it holds: configured, silent. `form`
 * or `resume` start it; from then until `stop` it is on the air.
 */
export class Stack implements CoordinatorStation {
  readonly name: string;
  readonly endpoints = new Map<number, SimpleDescriptor>();
  readonly groups = new Set<string>();
  readonly addresses: AddressTable;
  readonly children: ChildList;
  readonly linkKeys: LinkKeys;
  readonly neighbors = new NeighborTable();
  state: number = DEVICE_STATE.HOLD;
  /** Mask of the channels to form a network on, where the host named them since the last reset. */
  primaryChannels: number | undefined;

  readonly #options: StackOptions;
  readonly #nvram: Nvram;
  readonly #air: Air;
  #counter: NetworkCounter;
  #network: OperatingNetwork | undefined;
  #permitJoinUntil = 0;
  #sequence = 0;

  constructor(options: StackOptions) {
    this.#options = options;
    this.name = options.name;
    this.#nvram = options.nvram;
    this.#air = options.air;
    this.addresses = new AddressTable(this.#nvram);
    this.children = new ChildList(this.#nvram);
    this.linkKeys = new LinkKeys(this.#nvram);
    this.#counter = new NetworkCounter(this.#nvram);
  }

  /** Powers the radio off at once; all that is in RAM is lost. */
  stop(): void {
    if (this.#network) this.#air.deactivated(this.name);
    this.#network = undefined;
    this.#air.remove(this);
    this.state = DEVICE_STATE.HOLD;
    this.primaryChannels = undefined;
    this.#permitJoinUntil = 0;
    this.#counter = new NetworkCounter(this.#nvram);
    this.endpoints.clear();
    this.groups.clear();
    this.neighbors.clear();
  }

  /** Boots after `stop`: NVRAM is brought in order, nothing is started. */
  boot(): void {
    bootNvram(this.#nvram, this.#options.hardwareIeee);
    this.linkKeys.boot();
    this.#air.add(this);
  }

  /** Whether NVRAM holds a network to resume. */
  canResume(): boolean {
    return storedNetwork(this.#nvram) !== undefined;
  }

  /** Starts the network that is stored. @returns false when there is none */
  resume(): boolean {
    const stored = storedNetwork(this.#nvram);
    if (!stored) return false;
    makeStartItems(this.#nvram, this.#options.hardwareIeee);
    this.#start(stored);
    return true;
  }

  /** Forms a network from the commissioning items and starts it. @returns false when no channel is allowed */
  form(channelMask: number): boolean {
    const taken = (panId: number): boolean => this.#air.scan(this, () => true).some((beacon) => beacon.panId === panId);
    const formed = formNetwork(this.#nvram, this.#options.hardwareIeee, channelMask, taken);
    if (!formed) return false;
    this.#counter.addNetwork(formed.extendedPanId);
    this.#start(formed);
    return true;
  }

  get ieee(): string {
    const stored = this.#nvram.get("EXTADDR");
    return stored ? ieeeFromBytes(stored) : this.#options.hardwareIeee;
  }

  /** The network it runs; undefined: not started. */
  get operating(): OperatingNetwork | undefined {
    return this.#network;
  }

  /** Counter of the next frame; undefined: not started since the last reset. */
  get ramCounter(): number | undefined {
    return this.#counter.inRam;
  }

  /** Counter in NVRAM of a network; undefined: it has no entry. */
  nvCounter(extendedPanId: string): number | undefined {
    return this.#counter.inNvram(extendedPanId);
  }

  /** Opens the network for new devices: seconds, 0 closes it, 255 leaves it open. */
  permitJoin(seconds: number): void {
    this.#permitJoinUntil = seconds === 0xff ? Infinity : now() + seconds * 1000;
  }

  /** Moves the network to another channel and tells the devices first. */
  changeChannel(mask: number): void {
    const network = this.#network;
    if (!network) return;
    const request = Buffer.alloc(6);
    request.writeUInt32LE(mask >>> 0, 0);
    request.writeUInt8(0xfe, 4);
    request.writeUInt8((network.updateId + 1) & 0xff, 5);
    this.requestZdo(BROADCAST.LISTENING, ZDO.NETWORK_UPDATE, request);
    this.#air.after(100, () => {
      if (this.#network !== network) return;
      const moved = {
        ...network,
        channel: Math.log2(mask),
        channelMask: mask,
        updateId: (network.updateId + 1) & 0xff,
      };
      this.#nvram.set("NIB", writeNib(moved, this.#nvram.get("NIB")));
      this.#network = moved;
      this.#activate(moved);
    });
  }

  /** Sends a frame of the application. @param done called with the status of AF_DATA_CONFIRM */
  sendData(outgoing: OutgoingData, done: (status: number) => void): void {
    const { destination, group, ...data } = outgoing;
    const target = group === undefined ? destination : BROADCAST.LISTENING;
    this.#transmit({ kind: "data", data, group }, target, (acknowledged) => {
      if (acknowledged) done(STATUS.SUCCESS);
      else this.#reportFailure(destination, done);
    });
  }

  /** Sends a request to a device object, its own included; the response comes as an event. @param body without sequence */
  requestZdo(destination: number, cluster: number, body: Buffer): void {
    if (destination === COORDINATOR || isBroadcast(destination)) {
      const answer = answerZdo(cluster, body, this.#node());
      const answers = destination === COORDINATOR || isAnsweredWhenBroadcast(cluster);
      if (answer && answers) setImmediate(() => this.#options.events.zdo(COORDINATOR, cluster | 0x8000, answer));
    }
    if (destination !== COORDINATOR) this.#sendZdo(destination, cluster, body, this.#nextSequence());
  }

  /** Asks on these channels for beacons, and says what it heard. */
  scan(channels: readonly number[]): Beacon[] {
    return this.#air.requestBeacons(this, channels);
  }

  tuned(): { channel: number; panId: number; address: number } | undefined {
    return this.#network
      ? { channel: this.#network.channel, panId: this.#network.panId, address: COORDINATOR }
      : undefined;
  }

  network(): { extendedPanId: string; permitJoin: boolean } | undefined {
    return this.#network && { extendedPanId: this.#network.extendedPanId, permitJoin: now() < this.#permitJoinUntil };
  }

  beacon(): Beacon | undefined {
    if (!this.#network) return undefined;
    const { panId, extendedPanId, channel, updateId } = this.#network;
    const permitJoin = now() < this.#permitJoinUntil;
    return { source: COORDINATOR, panId, extendedPanId, channel, permitJoin, depth: 0, updateId };
  }

  isParentOf(ieee: string): boolean {
    const known = this.addresses.byIeee(ieee);
    return known !== undefined && this.children.has(known.index);
  }

  polled(ieee: string, address: number): void {
    if (!this.isParentOf(ieee))
      this.#transmit({ kind: "network-command", command: { name: "leave", rejoin: true } }, address);
  }

  associate({ ieee, capability, rejoin, keyId: ownKey, address: wanted }: AssociationRequest): number | undefined {
    const network = this.#network;
    if (!network) return undefined;
    if (rejoin === undefined && now() >= this.#permitJoinUntil) return undefined;
    if (rejoin === "network" && ownKey !== keyId(network.key)) return undefined;
    if (rejoin === "trust-center" && !this.linkKeys.isVerified(ieee)) return undefined;
    const address = this.#addressFor(ieee, wanted);
    const sleepy = (capability & SLEEPY_CAPABILITY_MASK) === 0;
    const index = this.addresses.remember(ieee, address, sleepy ? ADDRESS_USER.CHILD : ADDRESS_USER.SECURITY);
    if (index < 0) return undefined;
    if (sleepy && !this.children.add({ address, addressIndex: index, relation: NODE_RELATION.SLEEPY_CHILD }))
      return undefined;
    this.neighbors.heard(ieee, address, sleepy ? "end-device" : "router");
    if (rejoin === "network") return address;
    const linkKey = rejoin === "trust-center" ? this.linkKeys.keyOf(ieee) : undefined;
    this.#sendNetworkKey(network, address, ieee, linkKey);
    this.#options.events.deviceAuthorized(address, ieee);
    return address;
  }

  receive(frame: RadioFrame): void {
    const network = this.#network;
    if (!network || !frame.security || frame.security.keyId !== keyId(network.key)) return;
    // A second coordinator of this network, with this one's address: nothing that it says is about anyone.
    if (frame.sourceIeee === this.ieee) return;
    if (!this.neighbors.acceptCounter(frame.sourceIeee, frame.security.frameCounter)) return;
    this.neighbors.heard(frame.sourceIeee, frame.source);
    const { content } = frame;
    if (content.kind === "aps-command") this.#receiveApsCommand(frame, content.command);
    if (content.kind !== "data") return;
    if (content.data.dstEndpoint === 0) this.#receiveZdo(frame, content.data);
    else this.#receiveData(frame, content.data);
  }

  #start(network: OperatingNetwork): void {
    clearStateOption(this.#nvram);
    this.#counter.restore(network.extendedPanId);
    this.linkKeys.restoreApplicationKeys();
    this.#counter.copyToNetworkKey();
    this.#network = { ...network, key: Buffer.from(network.key) };
    this.state = DEVICE_STATE.STARTED_AS_COORDINATOR;
    this.#activate(network);
  }

  #activate({ panId, channel, extendedPanId, key }: OperatingNetwork): void {
    this.#air.activated(this.name, { panId, channel, extendedPanId, keyId: keyId(key), ieee: this.ieee });
  }

  #receiveData({ source, destination }: RadioFrame, data: ApsData): void {
    if (data.dstEndpoint !== 0xff && !this.endpoints.has(data.dstEndpoint)) return;
    this.#options.events.data(source, data, isBroadcast(destination));
  }

  #receiveZdo({ source, sourceIeee, destination }: RadioFrame, { clusterId, payload }: ApsData): void {
    const sequence = payload.readUInt8(0);
    const body = payload.subarray(1);
    if (clusterId === ZDO.DEVICE_ANNOUNCE) {
      const user = this.addresses.byIeee(sourceIeee)?.user;
      if (user !== undefined) this.addresses.remember(sourceIeee, source, user);
      this.neighbors.heard(sourceIeee, source, body.readUInt8(10) & SLEEPY_CAPABILITY_MASK ? "router" : "end-device");
    }
    if (clusterId & 0x8000 || clusterId === ZDO.DEVICE_ANNOUNCE) {
      if (clusterId === (ZDO.LEAVE | 0x8000) && body.readUInt8(0) === 0) this.#forget(source, sourceIeee);
      this.#options.events.zdo(source, clusterId, body);
      return;
    }
    const answer = answerZdo(clusterId, body, this.#node());
    if (!answer || (isBroadcast(destination) && !isAnsweredWhenBroadcast(clusterId))) return;
    this.#sendZdo(source, clusterId | 0x8000, answer, sequence);
  }

  #receiveApsCommand({ source, sourceIeee }: RadioFrame, command: ApsCommand): void {
    if (command.name === "request-link-key") {
      const key = this.linkKeys.create(sourceIeee);
      if (!key) return;
      this.addresses.remember(sourceIeee, source, ADDRESS_USER.SECURITY);
      const security = { keyId: keyId(WELL_KNOWN_LINK_KEY), frameCounter: 0 };
      this.#transmit({ kind: "aps-command", command: { name: "transport-link-key", key }, security }, source);
    }
    if (command.name !== "verify-key") return;
    const key = this.linkKeys.keyOf(sourceIeee);
    if (!key || command.keyId !== keyId(key)) return;
    this.linkKeys.verify(sourceIeee);
    const security = { keyId: keyId(key), frameCounter: this.linkKeys.takeCounter(sourceIeee) };
    this.#transmit({ kind: "aps-command", command: { name: "confirm-key" }, security }, source);
  }

  #sendNetworkKey(network: OperatingNetwork, address: number, ieee: string, linkKey: Buffer | undefined): void {
    const { key, keySequence, channel, panId } = network;
    const security = linkKey
      ? { keyId: keyId(linkKey), frameCounter: this.linkKeys.takeCounter(ieee) }
      : { keyId: keyId(WELL_KNOWN_LINK_KEY), frameCounter: 0 };
    const command = { name: "transport-network-key", key, keySequence, trustCenter: this.ieee } as const;
    const header = {
      station: this.name,
      channel,
      panId,
      source: COORDINATOR,
      sourceIeee: this.ieee,
      destination: address,
    };
    this.#air.transmit(this, { ...header, content: { kind: "aps-command", command, security } });
  }

  #sendZdo(destination: number, clusterId: number, body: Buffer, sequence: number): void {
    const payload = Buffer.concat([Buffer.from([sequence]), body]);
    const data = { srcEndpoint: 0, dstEndpoint: 0, profileId: 0, clusterId, payload };
    this.#transmit({ kind: "data", data }, destination);
  }

  #transmit(content: FrameContent, destination: number, settled?: (acknowledged: boolean) => void): void {
    const network = this.#network;
    if (!network) return;
    const { channel, panId, extendedPanId, key, keySequence } = network;
    const security = { keyId: keyId(key), keySequence, frameCounter: this.#counter.take(extendedPanId) };
    const header = { station: this.name, channel, panId, source: COORDINATOR, sourceIeee: this.ieee, destination };
    this.#air.transmit(this, { ...header, security, content }, (acknowledged) => {
      // After a stop nobody is left to be told.
      if (this.#network) settled?.(acknowledged);
    });
  }

  #reportFailure(destination: number, done: (status: number) => void): void {
    const known = this.addresses.byAddress(destination);
    if (known && this.children.has(known.index)) {
      this.#air.after(INDIRECT_TIMEOUT_MS, () => done(STATUS.MAC_TRANSACTION_EXPIRED));
      return;
    }
    done(this.neighbors.hasAddress(destination) ? STATUS.MAC_NO_ACK : STATUS.NWK_NO_ROUTE);
  }

  #forget(address: number, ieee: string): void {
    const known = this.addresses.byIeee(ieee);
    if (known) this.children.remove(known.index);
    this.addresses.forget(ieee, ADDRESS_USER.CHILD | ADDRESS_USER.SECURITY);
    this.linkKeys.remove(ieee);
    this.neighbors.forget(ieee);
    this.#options.events.deviceLeft(address, ieee, false);
  }

  #addressFor(ieee: string, wanted: number | undefined): number {
    const known = this.addresses.byIeee(ieee);
    if (known) return known.address;
    const free = (address: number): boolean => this.addresses.byAddress(address) === undefined;
    if (wanted !== undefined && free(wanted)) return wanted;
    let address = randomInt(1, 0xfff0);
    while (!free(address)) address = randomInt(1, 0xfff0);
    return address;
  }

  #nextSequence(): number {
    this.#sequence = (this.#sequence + 1) & 0xff;
    return this.#sequence;
  }

  #node(): ZdoNode {
    return {
      address: COORDINATOR,
      ieee: this.ieee,
      type: "coordinator",
      capability: CAPABILITY,
      manufacturerCode: TEXAS_INSTRUMENTS,
      endpoints: [...this.endpoints.values()],
      neighbors: () => this.neighbors.list(this.#network?.extendedPanId ?? ""),
      bind: () => undefined,
      unbind: () => undefined,
      leave: () => undefined,
      permitJoin: (seconds) => this.permitJoin(seconds),
    };
  }
}
