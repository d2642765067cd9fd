import type { Report } from "../../model/evidence.ts";
import { parseBridgeState, parseDevices, parseLogLine, tellsOfDeafFirmware } from "../../zigbee2mqtt/payloads.ts";
import type { AskableDevice } from "../../zigbee2mqtt/payloads.ts";
import { isHeard, lifeIn } from "../../zigbee2mqtt/signs-of-life.ts";

export interface HeardMessage {
  /** Below the base topic. */
  readonly topic: string;
  /** The broker repeats an earlier word; it may be an earlier life's. */
  readonly retained: boolean;
  readonly text: () => string;
}

/** What is to be asked now. */
export interface Questions {
  readonly process: boolean;
  readonly devices: readonly AskableDevice[];
}

export type Observation = Pick<Report, "sign" | "retained" | "detail">;

/** A broker that restarts is back within seconds. */
const BROKER_MS = 5_000;
/** Zigbee2MQTT's process is asked when nothing came from it for so long, and has so long to answer. */
const PROCESS_QUIET_MS = 5_000;
const PROCESS_ANSWER_MS = 2_500;
const MISSES = 2;
/** A device is asked when none was heard for so long. Each round has so long to answer. */
const RADIO_QUIET_MS = 30_000;
const RADIO_ANSWER_MS = 4_000;
/** Where there is no device to ask, silence says little until it lasts. */
const RADIO_QUIET_WITHOUT_ROUTERS_MS = 30 * 60_000;
/** After the first one that does not answer so many others are asked at once. */
const OTHERS_ASKED = 4;
/** A stop that was asked for is often a restart. */
const RESTART_MS = 60_000;

interface Radio {
  readonly askedAt: number;
  readonly asked: ReadonlySet<string>;
  readonly silent: boolean;
}

/**
 * Reads one service's signs from what Zigbee2MQTT publishes and from questions that it answers or not. Pure but for its
 * memory: the time is given with each call, in ms of any steady clock.
 */
export class Signs {
  #connectedAt: number | undefined;
  #lostAt: number;
  #processHeardAt: number;
  #radioHeardAt: number;
  #askedProcessAt: number | undefined;
  #misses = 0;
  #offline: { readonly at: number; readonly retained: boolean } | undefined;
  #stopping: { readonly at: number; readonly why: "asked" | "adapter" } | undefined;
  #radio: Radio | undefined;
  #routers: readonly AskableDevice[] = [];
  /** Routers that were asked and not heard since: they may be without power. */
  readonly #unheard = new Set<string>();
  #next = 0;

  constructor(now: number) {
    this.#lostAt = now;
    this.#processHeardAt = now;
    this.#radioHeardAt = now;
  }

  /** What was heard before says nothing of the time in between. */
  connected(now: number): void {
    this.#connectedAt = now;
    this.#processHeardAt = now - PROCESS_QUIET_MS;
    this.#radioHeardAt = now;
    this.#forgetQuestions();
  }

  disconnected(now: number): void {
    if (this.#connectedAt === undefined) return;
    this.#connectedAt = undefined;
    this.#lostAt = now;
  }

  message(message: HeardMessage, now: number): void {
    const { topic, retained } = message;
    if (topic === "bridge/state") this.#state(parseBridgeState(message.text()), retained, now);
    if (topic === "bridge/devices") this.#routers = parseDevices(message.text()).filter(({ name }) => isHeard(name));
    if (retained) return;
    if (topic === "bridge/request/restart") this.#stopping = { at: now, why: "asked" };
    if (topic === "bridge/logging") this.#log(message.text(), now);
    if (topic === "bridge/response/health_check") this.#offline = undefined;
    const life = lifeIn(topic);
    if (life === undefined) return;
    this.#processHeardAt = now;
    this.#askedProcessAt = undefined;
    this.#misses = 0;
    if (life === "process") return;
    this.#radioHeardAt = now;
    this.#radio = undefined;
    this.#unheard.delete(topic);
  }

  /** To be called about every second; what it returns counts as asked. */
  questions(now: number): Questions {
    if (this.#connectedAt === undefined) return { process: false, devices: [] };
    return { process: this.#askProcess(now), devices: this.#askDevices(now) };
  }

  /** Undefined while it is too early to tell. */
  read(now: number): Observation | undefined {
    if (this.#connectedAt === undefined) {
      if (now - this.#lostAt < BROKER_MS) return undefined;
      return { sign: "broker-lost", retained: false, detail: "The MQTT broker cannot be reached." };
    }
    if (this.#offline) return this.#readOffline(this.#offline, now);
    if (this.#misses >= MISSES)
      return { sign: "no-answer", retained: false, detail: "Zigbee2MQTT does not answer on MQTT." };
    if (this.#radio?.silent)
      return { sign: "radio-silent", retained: false, detail: "Zigbee2MQTT answers, but no device does." };
    // Nothing was heard yet since we are connected.
    if (this.#processHeardAt < this.#connectedAt) return undefined;
    return { sign: "healthy", retained: false, detail: "Zigbee2MQTT answers." };
  }

  #readOffline(offline: { at: number; retained: boolean }, now: number): Observation | undefined {
    if (offline.retained) {
      // A word of an earlier life, perhaps: whether it answers is what counts.
      if (this.#misses < MISSES) return undefined;
      const detail = "Zigbee2MQTT's retained state is offline, and it does not answer.";
      return { sign: "offline", retained: true, detail };
    }
    const why = this.#stopping && this.#stopping.at <= offline.at + 1_000 ? this.#stopping.why : undefined;
    if (why === "adapter")
      return { sign: "adapter-lost", retained: false, detail: "Zigbee2MQTT lost its coordinator and ended." };
    if (why === "asked" && now - offline.at < RESTART_MS)
      return { sign: "stopping-by-request", retained: false, detail: "Zigbee2MQTT was told to stop." };
    const since = why === "asked" ? "was told to stop and did not come back" : "went offline";
    return { sign: "offline", retained: false, detail: `Zigbee2MQTT ${since}.` };
  }

  #state(state: "online" | "offline" | undefined, retained: boolean, now: number): void {
    if (state === "offline") this.#offline = { at: now, retained };
    if (state !== "online") return;
    this.#offline = undefined;
    if (retained) return;
    // It has just opened its radio.
    this.#stopping = undefined;
    this.#radioHeardAt = now;
    this.#radio = undefined;
  }

  #log(text: string, now: number): void {
    const stopping = parseLogLine(text);
    if (stopping) this.#stopping = { at: now, why: stopping };
    // Plainer than any silence, and others need not be asked: such a radio works off one question in 6 s.
    if (tellsOfDeafFirmware(text)) this.#radio = { askedAt: now, asked: new Set(), silent: true };
  }

  #askProcess(now: number): boolean {
    if (this.#askedProcessAt !== undefined) {
      if (now - this.#askedProcessAt < PROCESS_ANSWER_MS) return false;
      this.#misses += 1;
      this.#askedProcessAt = undefined;
    }
    // One that is silent, or says that it is offline, is asked again at once.
    const quiet = now - this.#processHeardAt >= PROCESS_QUIET_MS;
    if (!quiet && !this.#offline) return false;
    this.#askedProcessAt = now;
    return true;
  }

  #askDevices(now: number): readonly AskableDevice[] {
    // Without a process no device can answer.
    if (this.#offline || this.#misses > 0) return [];
    const radio = this.#radio;
    if (!radio) return this.#beginRound(now);
    if (radio.silent || now - radio.askedAt < RADIO_ANSWER_MS) return this.#askAgain(radio, now);
    for (const name of radio.asked) this.#unheard.add(name);
    const others = this.#choose(OTHERS_ASKED, radio.asked);
    if (others.length === 0 || radio.asked.size > 1) {
      this.#radio = { ...radio, askedAt: now, silent: true };
      return [];
    }
    this.#radio = { askedAt: now, asked: new Set([...radio.asked, ...others.map((d) => d.name)]), silent: false };
    return others;
  }

  #beginRound(now: number): readonly AskableDevice[] {
    const quietMs = now - this.#radioHeardAt;
    if (this.#routers.length === 0) {
      if (quietMs >= RADIO_QUIET_WITHOUT_ROUTERS_MS) this.#radio = { askedAt: now, asked: new Set(), silent: true };
      return [];
    }
    if (quietMs < RADIO_QUIET_MS) return [];
    const first = this.#choose(1, new Set());
    this.#radio = { askedAt: now, asked: new Set(first.map((d) => d.name)), silent: false };
    return first;
  }

  /** A silent radio is asked further, so that its return is seen. */
  #askAgain(radio: Radio, now: number): readonly AskableDevice[] {
    if (!radio.silent || now - radio.askedAt < RADIO_QUIET_MS) return [];
    this.#radio = { ...radio, askedAt: now };
    return this.#choose(OTHERS_ASKED, new Set());
  }

  /** In turn, those first that answered when they were asked last. */
  #choose(count: number, but: ReadonlySet<string>): readonly AskableDevice[] {
    const left = this.#routers.filter(({ name }) => !but.has(name));
    const lively = left.filter(({ name }) => !this.#unheard.has(name));
    const pool = lively.length >= count ? lively : left;
    this.#next += count;
    return pool.map((_device, index) => pool[(index + this.#next) % pool.length] as AskableDevice).slice(0, count);
  }

  #forgetQuestions(): void {
    this.#askedProcessAt = undefined;
    this.#misses = 0;
    this.#radio = undefined;
    this.#offline = undefined;
    this.#stopping = undefined;
  }
}
