import { setTimeout as delay } from "node:timers/promises";
import type { Air, AssociationRequest, Beacon, CoordinatorStation, Station } from "./air.ts";
import { now } from "./clock.ts";
import type { ApsData, DeviceApplication } from "./device-contract.ts";
import { Expectation } from "./expectation.ts";
import { judgeLinkSecurity, judgeNetworkSecurity, nextNetworkSecurity } from "./membership.ts";
import { restoreMembership, storeMembership, type Membership, type StoredMembership } from "./membership.ts";
import { BROADCAST, WELL_KNOWN_LINK_KEY, isBroadcast, keyId } from "./radio-frame.ts";
import type { ApsCommand, ApsSecurity, FrameContent, NetworkCommand, RadioFrame } from "./radio-frame.ts";
import { noCounts, type RadioCounts, type ReceivedFrame } from "./radio-records.ts";
import { ZDO, announcement, answerZdo, isAnsweredWhenBroadcast, type ZdoNode } from "./zdo.ts";

const COORDINATOR = 0x0000;
const CAPABILITY = { router: 0x8e, "sleepy-end-device": 0x80 } as const;
/** How often a device looks whether a report is due, and a sleepy one asks its parent for frames, in ms. */
const TICK_MS = 250;
const SCAN_INTERVAL_MS = 100;
const PERMIT_ALWAYS = 0xff;
const MAX_RECORDED_FRAMES = 20_000;

export interface RadioDeviceOptions {
  /** Extended address, 16 hex digits with or without 0x. */
  readonly ieee: string;
  readonly air: Air;
  /** Whether it asks for a link key of its own, as every Zigbee 3.0 device does. Default true. */
  readonly linkKeyExchange?: boolean;
}

export interface StoredRadioDevice {
  readonly ieee: string;
  readonly linkKeyExchange: boolean;
  readonly sequence: number;
  readonly outgoingCounter: number;
  readonly membership: StoredMembership | null;
}

/** The radio of a device: association, security with replay protection, and its Zigbee device object. */
export class RadioDevice implements Station {
  readonly name: string;
  readonly ieee: string;
  readonly application: DeviceApplication;
  readonly counts: RadioCounts = noCounts();
  /** The newest application frames that it accepted, oldest first. */
  readonly received: ReceivedFrame[] = [];
  /** The stick that sent the last frame it accepted, of any kind. */
  lastReceivedFrom: { readonly dongle: string; readonly at: number } | undefined;
  /** Present for a sleepy device only: it hears a frame when it asks for it. */
  readonly pollDelay?: (at: number) => number;

  readonly #air: Air;
  readonly #linkKeyExchange: boolean;
  #membership: Membership | undefined;
  /** Between association and network key. */
  #joining: { readonly channel: number; readonly panId: number; readonly address: number } | undefined;
  readonly #handshake = new Expectation<ApsCommand["name"]>();
  #ticking: NodeJS.Timeout | undefined;
  #sequence = 0;
  #permitJoinUntil = 0;
  /** Where its network counter goes on: it outlives a network, so that an address never sends one twice. */
  #outgoingCounter = 1;

  constructor(application: DeviceApplication, options: RadioDeviceOptions) {
    this.application = application;
    this.ieee = options.ieee.replace(/^0x/, "").toLowerCase();
    this.name = `0x${this.ieee}`;
    this.#air = options.air;
    this.#linkKeyExchange = options.linkKeyExchange ?? true;
    if (application.kind === "sleepy-end-device") {
      const phase = Number(BigInt(`0x${this.ieee}`) % BigInt(TICK_MS));
      this.pollDelay = (at) => TICK_MS - ((at + phase) % TICK_MS);
    }
    this.powerOn();
  }

  /** Brings a device back as `toJSON` described it: it goes on in its network as if nothing had happened. */
  static fromJSON(application: DeviceApplication, stored: StoredRadioDevice, air: Air): RadioDevice {
    const device = new RadioDevice(application, { ieee: stored.ieee, air, linkKeyExchange: stored.linkKeyExchange });
    device.#sequence = stored.sequence;
    device.#outgoingCounter = stored.outgoingCounter;
    device.#membership = stored.membership ? restoreMembership(stored.membership) : undefined;
    return device;
  }

  /** Everything about the radio that has to outlive the process. Holds keys. */
  toJSON(): StoredRadioDevice {
    return {
      ieee: this.ieee,
      linkKeyExchange: this.#linkKeyExchange,
      sequence: this.#sequence,
      outgoingCounter: this.#outgoingCounter,
      membership: this.#membership ? storeMembership(this.#membership) : null,
    };
  }

  /** Short address in its network; undefined: it is in none. */
  get address(): number | undefined {
    return this.#membership?.address;
  }

  get joined(): boolean {
    return this.#membership !== undefined;
  }

  /** Whether it has a link key of its own with the trust center. */
  get hasLinkKey(): boolean {
    return this.#membership?.linkKey !== undefined;
  }

  /** Switches it on; as in real devices, the counters it has received from others are forgotten by then. */
  powerOn(): void {
    if (this.#ticking) return;
    this.#membership?.receivedCounters.clear();
    this.#air.add(this);
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
  }

  powerOff(): void {
    clearInterval(this.#ticking);
    this.#ticking = undefined;
    this.#joining = undefined;
    this.#permitJoinUntil = 0;
    this.#air.remove(this);
  }

  /**
   * Joins the first network that is open, as a new device.
   * @param withinMs how long it looks for one. Default 30 000
   * @throws Error when no network is open or the trust center does not answer
   */
  async join(withinMs = 30_000): Promise<void> {
    const deadline = now() + withinMs;
    this.#forgetNetwork();
    while (!(await this.#associate((beacon) => beacon.permitJoin, {}, "transport-network-key"))) {
      if (now() > deadline) throw new Error(`${this.name} found no network that lets it join.`);
      await delay(SCAN_INTERVAL_MS);
    }
    this.counts.joins += 1;
    this.#announce();
    if (this.#linkKeyExchange) await this.#exchangeLinkKey();
  }

  /**
   * Comes back to its network: with the network key, or asking the trust center for it under the link key.
   * @throws Error when it is in no network, hears none, or the trust center does not answer
   */
  async rejoin(kind: "network" | "trust-center"): Promise<void> {
    const membership = this.#membership;
    if (!membership) throw new Error(`${this.name} is in no network.`);
    this.counts.rejoins += 1;
    const request: Partial<AssociationRequest> = {
      rejoin: kind,
      address: membership.address,
      keyId: keyId(membership.networkKey),
    };
    const awaited = kind === "trust-center" ? "transport-network-key" : undefined;
    const own = (beacon: Beacon): boolean => beacon.extendedPanId === membership.extendedPanId;
    if (!(await this.#associate(own, request, awaited))) throw new Error(`${this.name} could not rejoin its network.`);
    this.#announce();
  }

  tuned(): { channel: number; panId: number; address: number } | undefined {
    return this.#ticking ? (this.#joining ?? this.#membership) : undefined;
  }

  beacon(): Beacon | undefined {
    const membership = this.#membership;
    if (!membership || !this.#ticking || this.application.kind !== "router") return undefined;
    const { address: source, panId, extendedPanId, channel, updateId = 0 } = membership;
    const permitJoin = now() < this.#permitJoinUntil;
    return { source, panId, extendedPanId, channel, permitJoin, depth: 1, updateId };
  }

  receive(frame: RadioFrame): void {
    if (!this.#accepts(frame)) return;
    this.lastReceivedFrom = { dongle: frame.station, at: now() };
    const { content } = frame;
    switch (content.kind) {
      case "data":
        if (content.group === undefined) this.#receiveData(content.data, isBroadcast(frame.destination));
        return;
      case "aps-command":
        this.#receiveApsCommand(content.command, content.security);
        return;
      case "network-command":
        this.#receiveNetworkCommand(content.command);
        return;
    }
  }

  #accepts({ security, sourceIeee, content }: RadioFrame): boolean {
    if (!security) {
      // In the clear only the network key may come, and only to one that waits for it.
      const isKey = content.kind === "aps-command" && content.command.name === "transport-network-key";
      return isKey && this.#joining !== undefined;
    }
    const verdict = this.#membership && judgeNetworkSecurity(this.#membership, sourceIeee, security);
    if (verdict === "foreign") this.counts.droppedForeign += 1;
    if (verdict === "replay") this.counts.droppedReplays += 1;
    return verdict === "accepted";
  }

  #receiveData(data: ApsData, broadcast: boolean): void {
    if (data.dstEndpoint === 0) {
      this.#receiveZdo(data, broadcast);
      return;
    }
    const { profileId, clusterId } = data;
    this.received.push({ at: now(), dongle: this.lastReceivedFrom?.dongle ?? "", profileId, clusterId });
    if (this.received.length > MAX_RECORDED_FRAMES) this.received.shift();
    for (const answer of this.application.receive(data, now())) this.#sendData(answer);
  }

  #receiveZdo({ clusterId, payload }: ApsData, broadcast: boolean): void {
    if (clusterId & 0x8000) return;
    if (clusterId === ZDO.NETWORK_UPDATE) {
      this.#changeChannel(payload.subarray(1));
      return;
    }
    const answer = answerZdo(clusterId, payload.subarray(1), this.#node());
    if (!answer || (broadcast && !isAnsweredWhenBroadcast(clusterId))) return;
    this.#sendZdo(clusterId | 0x8000, answer, payload.readUInt8(0));
  }

  /** A request with scan duration 0xfe names the one channel that the network moves to. */
  #changeChannel(request: Buffer): void {
    const channel = Math.log2(request.readUInt32LE(0));
    if (request.readUInt8(4) !== 0xfe || !Number.isInteger(channel) || !this.#membership) return;
    Object.assign(this.#membership, { channel, updateId: request.readUInt8(5) });
  }

  #receiveApsCommand(command: ApsCommand, security: ApsSecurity | undefined): void {
    const membership = this.#membership;
    const verdict = judgeLinkSecurity(membership, command.name, security);
    if (verdict === "foreign") this.counts.droppedForeign += 1;
    if (verdict === "replay") this.counts.droppedLinkReplays += 1;
    if (verdict !== "accepted") return;
    if (command.name === "transport-network-key") this.#takeNetworkKey(command);
    if (command.name === "transport-link-key" && membership) {
      Object.assign(membership, { linkKey: command.key, linkCounter: 0, receivedLinkCounter: -1 });
    }
    this.#handshake.met(command.name);
  }

  #takeNetworkKey(command: Extract<ApsCommand, { name: "transport-network-key" }>): void {
    if (this.#membership) {
      this.#membership.networkKey = command.key;
      this.#membership.keySequence = command.keySequence;
      if (this.#joining) this.#membership.address = this.#joining.address;
      return;
    }
    const parent = this.#joining;
    const network = parent && this.#air.scan(this, (channel) => channel === parent.channel);
    const beacon = network?.find(({ panId }) => panId === parent?.panId);
    if (!parent || !beacon) return;
    this.#membership = {
      ...parent,
      extendedPanId: beacon.extendedPanId,
      updateId: beacon.updateId,
      networkKey: command.key,
      keySequence: command.keySequence,
      trustCenter: command.trustCenter,
      linkKey: undefined,
      networkCounter: this.#outgoingCounter,
      linkCounter: 0,
      receivedCounters: new Map(),
      receivedLinkCounter: -1,
    };
  }

  #receiveNetworkCommand(command: NetworkCommand): void {
    if (command.rejoin) this.rejoin("network").catch(() => undefined);
    else this.#forgetNetwork();
  }

  #forgetNetwork(): void {
    this.#outgoingCounter = this.#membership?.networkCounter ?? this.#outgoingCounter;
    this.#membership = undefined;
  }

  /** @returns false when there is no such network or it refuses */
  async #associate(
    fits: (beacon: Beacon) => boolean,
    request: Partial<AssociationRequest>,
    awaited: ApsCommand["name"] | undefined,
  ): Promise<boolean> {
    const beacon = this.#air.scan(this, () => true).find((heard) => heard.source === COORDINATOR && fits(heard));
    const coordinator = beacon && this.#coordinatorOf(beacon);
    const capability = CAPABILITY[this.application.kind];
    const address = coordinator?.associate({ ieee: this.ieee, capability, ...request });
    if (!beacon || address === undefined) return false;
    const { channel, panId } = beacon;
    if (awaited) {
      this.#joining = { channel, panId, address };
      const came = await this.#handshake.wait(awaited);
      this.#joining = undefined;
      if (!came) throw new Error(`${this.name} waited in vain for ${awaited}.`);
    }
    if (this.#membership) Object.assign(this.#membership, { channel, address });
    return true;
  }

  #coordinatorOf(beacon: Beacon): CoordinatorStation | undefined {
    return this.#air.coordinators().find((coordinator) => {
      const tuned = coordinator.tuned();
      return tuned?.channel === beacon.channel && tuned.panId === beacon.panId;
    });
  }

  async #exchangeLinkKey(): Promise<void> {
    const requested = this.#handshake.wait("transport-link-key");
    this.#sendCommand({ name: "request-link-key" }, { keyId: keyId(WELL_KNOWN_LINK_KEY), frameCounter: 0 });
    if (!(await requested) || !this.#membership?.linkKey) throw new Error(`${this.name} was given no link key.`);
    const confirmed = this.#handshake.wait("confirm-key");
    this.#sendCommand({ name: "verify-key", keyId: keyId(this.#membership.linkKey) });
    if (!(await confirmed)) throw new Error(`${this.name}'s link key was not confirmed.`);
  }

  #tick(): void {
    if (!this.#membership || this.#joining) return;
    for (const report of this.application.due(now())) this.#sendData(report);
    if (this.pollDelay) this.#air.poll(this);
  }

  #announce(): void {
    if (!this.#membership) return;
    const payload = Buffer.concat([Buffer.from([this.#nextSequence()]), announcement(this.#node())]);
    const data = { srcEndpoint: 0, dstEndpoint: 0, profileId: 0, clusterId: ZDO.DEVICE_ANNOUNCE, payload };
    this.#transmit({ kind: "data", data }, BROADCAST.LISTENING);
  }

  #sendZdo(clusterId: number, body: Buffer, sequence: number): void {
    const payload = Buffer.concat([Buffer.from([sequence]), body]);
    this.#sendData({ srcEndpoint: 0, dstEndpoint: 0, profileId: 0, clusterId, payload });
  }

  #sendData(data: ApsData): void {
    this.#transmit({ kind: "data", data }, COORDINATOR);
  }

  #sendCommand(command: ApsCommand, security?: ApsSecurity): void {
    this.#transmit({ kind: "aps-command", command, security }, COORDINATOR);
  }

  #transmit(content: FrameContent, destination: number): void {
    const membership = this.#membership;
    if (!membership || !this.#ticking) return;
    const { channel, panId, address: source } = membership;
    const security = nextNetworkSecurity(membership);
    this.counts.sent += 1;
    const frame = { station: this.name, channel, panId, source, sourceIeee: this.ieee, destination, security, content };
    this.#air.transmit(this, frame, (acknowledged) => {
      if (!acknowledged) this.counts.unacknowledged += 1;
    });
  }

  #nextSequence(): number {
    this.#sequence = (this.#sequence + 1) & 0xff;
    return this.#sequence;
  }

  #node(): ZdoNode {
    const membership = this.#membership;
    const { application } = this;
    return {
      address: membership?.address ?? 0xfffe,
      ieee: this.ieee,
      type: application.kind === "router" ? "router" : "end-device",
      capability: CAPABILITY[application.kind],
      manufacturerCode: application.manufacturerCode,
      endpoints: application.endpoints,
      neighbors: () =>
        membership
          ? [
              {
                extendedPanId: membership.extendedPanId,
                ieee: membership.trustCenter,
                address: COORDINATOR,
                type: "coordinator",
                relationship: "parent",
                depth: 0,
              },
            ]
          : [],
      bind: (cluster, endpoint) => application.bind(cluster, endpoint),
      unbind: (cluster, endpoint) => application.unbind(cluster, endpoint),
      leave: (rejoin) => this.#leaveSoon(rejoin),
      permitJoin: (seconds) => {
        this.#permitJoinUntil = seconds === PERMIT_ALWAYS ? Infinity : now() + seconds * 1000;
      },
    };
  }

  /** It answers first and leaves then. */
  #leaveSoon(rejoin: boolean): void {
    setImmediate(() => this.#receiveNetworkCommand({ name: "leave", rejoin }));
  }
}
