import { expect } from "vitest";
import type { Home } from "../../../lab/home/home.ts";
import type { HomeNode } from "../../../lab/home/node.ts";
import { until } from "./bring-up.ts";

/** Exactly this node serves: a light obeys through it, nobody joined again, no counter fell, the air saw one radio at a time. */
export async function serves(home: Home, node: HomeNode, withinMs = 120_000): Promise<void> {
  await until(() => home.servingNode() === node, `${node.name} serves`, withinMs);
  // Zigbee2MQTT's radio is on before it listens.
  const obeys = (state: "ON" | "OFF") =>
    home.pressLight(0, state, 2_000).then(
      () => true,
      () => false,
    );
  await until(async () => (await obeys("OFF")) && (await obeys("ON")), "a light obeys", withinMs);
  expect(home.light(0).radio.received.at(-1)?.dongle).toBe(node.dongle.name);
  for (const other of home.nodes.filter((candidate) => candidate !== node)) {
    expect({ running: other.zigbee2mqtt.running, onAir: other.dongle.onAir }).toEqual({ running: false, onAir: false });
  }
  nobodyNoticed(home);
}

/** What the air and the devices know of I1 and I3, whatever happened to the service. */
export function nobodyNoticed(home: Home): void {
  expect(home.facts()).toEqual({ rejoined: 0, doubleActiveMs: 0, counterViolations: 0, droppedReplays: 0 });
}
