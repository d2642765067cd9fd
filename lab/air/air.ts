import { ActivityLog, type DoubleActivity, type NetworkIdentity, type OtherNetwork } from "./activity-log.ts";
import { now } from "./clock.ts";
import { CounterJudge, type CounterViolation } from "./counter-judge.ts";
import { isBroadcast, type RadioFrame } from "./radio-frame.ts";

const COORDINATOR = 0x0000;
const MAX_RECORDED_REQUESTS = 10_000;

/** What a scan hears of one station. */
export interface Beacon {
  readonly source: number;
  readonly panId: number;
  /** 16 hex digits. */
  readonly extendedPanId: string;
  readonly channel: number;
  readonly permitJoin: boolean;
  readonly depth: number;
  readonly updateId: number;
}

/** A coordinator that was not started asked which networks there are. It is no activity in the sense of I1. */
export interface BeaconRequest {
  /** Name of the stick that asked. */
  readonly station: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly channels: readonly number[];
  /** What it heard. */
  readonly beacons: readonly Beacon[];
}

export interface AssociationRequest {
  /** 16 hex digits. */
  readonly ieee: string;
  /** MAC capability flags: 0x8e a router, 0x80 a sleepy end device. */
  readonly capability: number;
  /** A device that was in the network before. `network`: it still has the key; `trust-center`: it asks for it. */
  readonly rejoin?: "network" | "trust-center";
  /** Digest of the network key it has, for a rejoin with the key. */
  readonly keyId?: string;
  /** The address it would like to keep. */
  readonly address?: number;
}

/** A radio: a coordinator's or a device's. */
export interface Station {
  readonly name: string;
  /** Extended address it uses now, 16 hex digits. */
  readonly ieee: string;
  /** Where it listens; undefined: its radio is off or it has no network. */
  tuned(): { readonly channel: number; readonly panId: number; readonly address: number } | undefined;
  /** A frame reached it. */
  receive(frame: RadioFrame): void;
  /** What it answers to a scan. */
  beacon(): Beacon | undefined;
  /** Milliseconds until it asks its parent for frames; undefined: it always listens. */
  pollDelay?(at: number): number;
}

/** The radio of a coordinator, as devices that are not in its network yet see it. */
export interface CoordinatorStation extends Station {
  /** Extended PAN id of the network it serves, 16 hex digits; undefined: its stack is not started. */
  network(): { readonly extendedPanId: string; readonly permitJoin: boolean } | undefined;
  /** Answers with a short address; undefined: it refuses, or ignores who may not join. */
  associate(request: AssociationRequest): number | undefined;
  /** Whether it keeps frames for this sleepy child. */
  isParentOf(ieee: string): boolean;
  /** A sleepy device asks for its frames. One that is not its child is told to leave and rejoin. */
  polled(ieee: string, address: number): void;
}

export interface AirOptions {
  /** Time of flight of a frame with medium access, in ms. Default 2. */
  readonly latencyMs?: number;
}

/**
 * The medium that all radios of a home share, and the judge of I1 and I3: it knows since when each coordinator is on the
 * air and sees every frame counter. Everyone hears everyone on the same channel.
 */
export class Air {
  readonly #latencyMs: number;
  readonly #stations = new Set<Station>();
  readonly #coordinators = new Set<CoordinatorStation>();
  readonly #activity = new ActivityLog();
  readonly #counters = new CounterJudge();
  readonly #flights = new Set<NodeJS.Timeout>();
  /** Frames that sleepy devices have not asked for yet. */
  readonly #waiting = new Map<Station, (() => void)[]>();
  readonly #beaconRequests: BeaconRequest[] = [];
  #beaconsToLose = 0;
  /** Frames that were sent so far. */
  framesSent = 0;

  constructor(options: AirOptions = {}) {
    this.#latencyMs = options.latencyMs ?? 2;
  }

  /** Adds a radio; a coordinator's is recognised by its network(). */
  add(station: Station): void {
    this.#stations.add(station);
    if (isCoordinator(station)) this.#coordinators.add(station);
  }

  /** Takes a radio out; a coordinator must have been deactivated before. */
  remove(station: Station): void {
    this.#stations.delete(station);
    if (isCoordinator(station)) this.#coordinators.delete(station);
  }

  /** Coordinators whose stack is started. */
  coordinators(): CoordinatorStation[] {
    return [...this.#coordinators].filter((coordinator) => coordinator.network() !== undefined);
  }

  /** A coordinator's stack started (or goes on with another network). */
  activated(name: string, identity: NetworkIdentity): void {
    this.#activity.activated(name, identity, now());
  }

  /** A coordinator's stack stopped, by whatever. */
  deactivated(name: string): void {
    this.#activity.deactivated(name, now());
  }

  /**
   * Sends a frame.
   * @param settled called with whether the addressed radio acknowledged it; always true for a broadcast
   */
  transmit(from: Station, frame: RadioFrame, settled: (acknowledged: boolean) => void = ignore): void {
    this.framesSent += 1;
    this.#counters.observe(frame, from.name, now());
    this.after(this.#latencyMs, () => {
      // Two coordinators of one network share an address: the sender sees the acknowledgement of the first.
      const [first, ...others] = this.#receivers(from, frame);
      const broadcast = isBroadcast(frame.destination);
      if (broadcast || !first) settled(broadcast);
      if (first) this.#deliver(first, frame, broadcast ? ignore : settled);
      for (const receiver of others) this.#deliver(receiver, frame, ignore);
    });
  }

  /** What a station hears when it asks on these channels for beacons. */
  scan(from: Station, channels: (channel: number) => boolean): Beacon[] {
    return [...this.#stations]
      .filter((station) => station !== from)
      .flatMap((station) => station.beacon() ?? [])
      .filter(({ channel }) => channels(channel));
  }

  /** The scan of a stick on these channels: heard as `scan` says, but for the beacons that are to be lost, and recorded. */
  requestBeacons(from: Station, channels: readonly number[]): Beacon[] {
    const beacons = this.scan(from, (channel) => channels.includes(channel)).filter(({ source }) => {
      if (source !== COORDINATOR || this.#beaconsToLose === 0) return true;
      this.#beaconsToLose -= 1;
      return false;
    });
    this.#beaconRequests.push({ station: from.name, at: now(), channels, beacons });
    if (this.#beaconRequests.length > MAX_RECORDED_REQUESTS) this.#beaconRequests.shift();
    return beacons;
  }

  /** Loses the next beacons of coordinators, as collisions do. */
  loseBeacons(count: number): void {
    this.#beaconsToLose = count;
  }

  /** The newest scans of sticks, oldest first. */
  get beaconRequests(): readonly BeaconRequest[] {
    return this.#beaconRequests;
  }

  /** A sleepy device asks the coordinators that it can hear for its frames. */
  poll(from: Station): void {
    const tuned = from.tuned();
    if (!tuned) return;
    for (const coordinator of this.#coordinators) {
      const there = coordinator.tuned();
      if (there?.channel === tuned.channel && there.panId === tuned.panId) coordinator.polled(from.ieee, tuned.address);
    }
  }

  /** Runs something later, unless the air is closed before. */
  after(milliseconds: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#flights.delete(timer);
      action();
    }, milliseconds);
    this.#flights.add(timer);
  }

  /** Every time during which two coordinators of one network were on the air (I1). */
  get intervals(): readonly DoubleActivity[] {
    return this.#activity.doubleActivities();
  }

  /** Total milliseconds of those times up to now. */
  doubleActiveMs(): number {
    return this.#activity.doubleActiveMs(now());
  }

  /** Times at which a coordinator ran another network than this one. */
  otherNetworks(extendedPanId: string): OtherNetwork[] {
    return this.#activity.otherNetworks(extendedPanId);
  }

  /** Names of the coordinators on the air. */
  onAir(): string[] {
    return this.#activity.active();
  }

  /** Frames whose counter was not above all earlier ones of their sender (I3). */
  get counterViolations(): readonly CounterViolation[] {
    return this.#counters.violations;
  }

  /** The highest network frame counter seen from an address under a key. */
  highestCounter(sourceIeee: string, keyId: string, keySequence: number): number | undefined {
    return this.#counters.highest(sourceIeee, keyId, keySequence);
  }

  /** Drops all frames in flight. */
  close(): void {
    for (const timer of this.#flights) clearTimeout(timer);
    this.#flights.clear();
    this.#waiting.clear();
  }

  #receivers(from: Station, frame: RadioFrame): Station[] {
    return [...this.#stations].filter((station) => {
      const tuned = station === from ? undefined : station.tuned();
      if (tuned?.channel !== frame.channel || tuned.panId !== frame.panId) return false;
      const sleeps = station.pollDelay !== undefined && frame.content.kind !== "network-command";
      if (sleeps && isCoordinator(from) && !from.isParentOf(station.ieee)) return false;
      return isBroadcast(frame.destination) || tuned.address === frame.destination;
    });
  }

  #deliver(receiver: Station, frame: RadioFrame, settled: (acknowledged: boolean) => void): void {
    const arrive = (): void => {
      const still = receiver.tuned();
      const heard = still?.channel === frame.channel && still.panId === frame.panId;
      settled(heard);
      if (heard) receiver.receive(frame);
    };
    if (!receiver.pollDelay) {
      arrive();
      return;
    }
    const waiting = this.#waiting.get(receiver);
    if (waiting) {
      waiting.push(arrive);
      return;
    }
    this.#waiting.set(receiver, [arrive]);
    this.after(receiver.pollDelay(now()), () => {
      const arrivals = this.#waiting.get(receiver) ?? [];
      this.#waiting.delete(receiver);
      for (const next of arrivals) next();
    });
  }
}

function ignore(): void {}

function isCoordinator(station: Station): station is CoordinatorStation {
  return "network" in station;
}
