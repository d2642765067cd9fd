import { PortLock } from "../../lab/coordinator/port-lock.ts";
import type { MqttObserver } from "../../lab/home/mqtt-observer.ts";
import { now } from "../../lab/air/clock.ts";
import type { BenchNode } from "./site.ts";

/** Something that the lab saw happen. */
export interface Mark {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Undefined: whoever it was said it by MQTT. */
  readonly node?: string;
  readonly what: string;
}

/** The lab is looked at this often: marks are so late at most. */
const EVERY_MS = 10;

/**
 * Watches what the steps of a handover do to sticks and Zigbee2MQTT: ports opened and closed, stacks started and stopped, what
 * Zigbee2MQTT says of itself. Stop it when done.
 */
export class Marks {
  readonly list: Mark[] = [];
  readonly #unlisten: () => void;
  readonly #timer: NodeJS.Timeout;

  constructor(nodes: readonly BenchNode[], mqtt: MqttObserver) {
    const watched = nodes.map((node) => ({ node, ...stateOf(node) }));
    this.#timer = setInterval(() => {
      for (const known of watched) {
        const { open, onAir } = stateOf(known.node);
        if (open !== known.open) this.#note(open ? "port opened" : "port closed", known.node.name);
        if (onAir !== known.onAir) this.#note(onAir ? "radio on" : "radio off", known.node.name);
        Object.assign(known, { open, onAir });
      }
    }, EVERY_MS);
    this.#unlisten = mqtt.listen(({ topic, payload, retained }) => {
      if (retained) return;
      if (topic === "zigbee2mqtt/bridge/state") this.#note(`says ${payload.includes("online") ? "online" : "offline"}`);
      if (topic === "zigbee2mqtt/bridge/logging" && payload.includes("Zigbee2MQTT started!"))
        this.#note("says started");
    });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#unlisten();
  }

  #note(what: string, node?: string): void {
    this.list.push({ at: now(), what, node });
  }
}

function stateOf(node: BenchNode): { open: boolean; onAir: boolean } {
  return { open: isOpen(node.terminal()), onAir: node.home.dongle.onAir };
}

/** Whether some program has locked the stick's port. A stick that is not there is open to nobody. */
function isOpen(terminal: string): boolean {
  try {
    return new PortLock(terminal).held();
  } catch {
    return false;
  }
}
