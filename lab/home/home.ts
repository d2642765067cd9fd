import type { Air } from "../air/air.ts";
import type { RadioDevice } from "../air/radio-device.ts";
import type { DeviceType } from "../devices/index.ts";
import type { Broker } from "../hosts/broker.ts";
import { AnswerWatch } from "./answers.ts";
import type { Answer } from "./answers.ts";
import type { HouseholdDevice } from "./household.ts";
import type { MqttObserver } from "./mqtt-observer.ts";
import type { HomeNode } from "./node.ts";

export interface HomeDevice extends HouseholdDevice {
  readonly radio: RadioDevice;
}

/** What the air and the devices say of I1, of I3 and of joining, since the home was formed or restored. */
export interface HomeFacts {
  /** Associations, rejoins and interviews after the devices first joined. */
  readonly rejoined: number;
  /** Milliseconds in which two coordinators of one network were on the air. */
  readonly doubleActiveMs: number;
  /** Frames whose counter was not above all earlier ones of their sender. */
  readonly counterViolations: number;
  /** Frames that devices dropped because a counter was not above the last. */
  readonly droppedReplays: number;
}

export interface HomeParts {
  readonly directory: string;
  readonly configFile: string;
  readonly temporalUiUrl: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly air: Air;
  readonly broker: Broker;
  readonly mqtt: MqttObserver;
  readonly nodes: readonly HomeNode[];
  readonly devices: readonly HomeDevice[];
  /** Ends all that was started and removes the directory. */
  readonly cleanUp: () => Promise<void>;
}

/** A whole home: nodes with their sticks, a broker, devices, and an understudy.yaml that fits them. */
export class Home {
  readonly directory: string;
  /** understudy.yaml for this home. */
  readonly configFile: string;
  /** Where Temporal's UI is once `understudy start` runs with that file. */
  readonly temporalUiUrl: string;
  /** For the environment of programs that work on this home: they are killed when it ends, in whatever way. */
  readonly environment: Readonly<Record<string, string>>;
  readonly air: Air;
  readonly broker: Broker;
  readonly mqtt: MqttObserver;
  readonly nodes: readonly HomeNode[];
  readonly devices: readonly HomeDevice[];
  readonly #cleanUp: () => Promise<void>;
  readonly #joinsAtFirst: number;
  #interviews = 0;

  constructor(parts: HomeParts) {
    this.directory = parts.directory;
    this.configFile = parts.configFile;
    this.temporalUiUrl = parts.temporalUiUrl;
    this.environment = parts.environment;
    this.air = parts.air;
    this.broker = parts.broker;
    this.mqtt = parts.mqtt;
    this.nodes = parts.nodes;
    this.devices = parts.devices;
    this.#cleanUp = parts.cleanUp;
    this.#joinsAtFirst = this.#joins();
    this.mqtt.listen(({ topic, payload }) => {
      if (topic === "zigbee2mqtt/bridge/event" && startsInterview(payload)) this.#interviews++;
    });
  }

  /** The node of this name. Throws if there is none. */
  node(name: string): HomeNode {
    return found(
      this.nodes.find((node) => node.name === name),
      `node ${name}`,
    );
  }

  /** The light, plug or sensor of this number, counted from 0. Throws if there are not so many. */
  light(number: number): HomeDevice {
    return this.#device("light", number);
  }

  plug(number: number): HomeDevice {
    return this.#device("plug", number);
  }

  sensor(number: number): HomeDevice {
    return this.#device("sensor", number);
  }

  /** Switches a light over MQTT and waits until it obeys. Rejects after `withinMs`. */
  async pressLight(number: number, state: "ON" | "OFF", withinMs = 5000): Promise<void> {
    const light = this.light(number);
    const answer = this.mqtt.waitFor(
      `${light.name} ${state}`,
      ({ topic, payload, retained }) =>
        topic === `zigbee2mqtt/${light.name}` &&
        !retained &&
        (JSON.parse(payload) as { state?: string }).state === state,
      withinMs,
    );
    await Promise.all([answer, this.mqtt.publish(`zigbee2mqtt/${light.name}/set`, { state })]);
  }

  /** Begins to watch which devices answer or report through this node. Stop it when done. */
  watchAnswers(name: string): AnswerWatch {
    const node = this.node(name);
    return new AnswerWatch({
      mqtt: this.mqtt,
      devices: this.devices,
      pidFile: node.host.zigbee2mqtt.pidFile,
      serves: () => this.servingNode()?.name === name,
    });
  }

  /** Waits until every device has answered or reported through this node. Rejects with the names of the silent ones. */
  async everyDeviceAnswersThrough(
    name: string,
    options: { withinMs: number; signal?: AbortSignal },
  ): Promise<readonly Answer[]> {
    const watch = this.watchAnswers(name);
    try {
      await watch.wait(options.withinMs, options.signal);
      if (watch.complete) return watch.answers;
      const heard = new Set(watch.answers.map(({ device }) => device));
      const silent = this.devices.filter((device) => !heard.has(device.name)).map((device) => device.name);
      throw new Error(`Silent through node ${name} for ${options.withinMs / 1000} s: ${silent.join(", ")}.`);
    } finally {
      await watch.stop();
    }
  }

  /** The node whose coordinator is on the air; undefined: none is, or more than one. */
  servingNode(): HomeNode | undefined {
    const onAir = this.nodes.filter(({ dongle }) => dongle.onAir);
    return onAir.length === 1 ? onAir[0] : undefined;
  }

  facts(): HomeFacts {
    return {
      rejoined: this.#joins() - this.#joinsAtFirst + this.#interviews,
      doubleActiveMs: this.air.doubleActiveMs(),
      counterViolations: this.air.counterViolations.length,
      droppedReplays: this.devices.reduce(
        (sum, { radio }) => sum + radio.counts.droppedReplays + radio.counts.droppedLinkReplays,
        0,
      ),
    };
  }

  /** Ends everything and removes the home's directory. */
  async stop(): Promise<void> {
    await this.#cleanUp();
  }

  #device(type: DeviceType, number: number): HomeDevice {
    const name = `${type}_${number}`;
    return found(
      this.devices.find((device) => device.name === name),
      name,
    );
  }

  #joins(): number {
    return this.devices.reduce((sum, { radio }) => sum + radio.counts.joins + radio.counts.rejoins, 0);
  }
}

function startsInterview(payload: string): boolean {
  const event = JSON.parse(payload) as { type: string; data: { status?: string } };
  return event.type === "device_interview" && event.data.status === "started";
}

function found<T>(thing: T | undefined, what: string): T {
  if (thing === undefined) throw new Error(`This home has no ${what}.`);
  return thing;
}
