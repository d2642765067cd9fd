import { setTimeout as pause } from "node:timers/promises";
import { now } from "../../lab/air/clock.ts";
import { Switching } from "../../lab/home/outage.ts";
import { until } from "../../test/home/support/bring-up.ts";
import { Marks } from "./marks.ts";
import { withinASecond } from "./outage.ts";
import type { Outage, Reception } from "./outage.ts";
import type { Measurement, Seen } from "./result.ts";
import type { Site } from "./site.ts";

/** What is done to a home while a light of it is switched all the time. */
export interface Trial {
  readonly part: Measurement["part"];
  readonly fault?: Measurement["fault"];
  readonly site: Site;
  /** Does it, and resolves when it is done, with when it began and who serves after. */
  act(): Promise<{ readonly orderedAt: number; readonly steps?: Measurement["steps"] }>;
  /** The outage, once there has been one. */
  outage(received: readonly Reception[], orderedAt: number): Outage | undefined;
  /** From when the time counts. Default: from the last command before. */
  from?(outage: Outage, orderedAt: number): number;
}

/** How long the light is switched before anything is done to it. */
const BEFORE_MS = 1_500;
const OBEYS_WITHIN_MS = 420_000;
/** What the light is switched by may be this many commands ahead of what it publishes: what is under way in the home. */
const UNDER_WAY = 10;

/**
 * Measures one trial. Rejects where the light does not obey again, or where commands had been kept for it while nobody
 * served: then the time from the first of them would say nothing.
 */
export async function measure(trial: Trial): Promise<Measurement> {
  const { site } = trial;
  const { home } = site;
  const light = home.light(0);
  const { received } = light.radio;
  const before = home.facts();
  const oldNode = site.active().name;
  const published: number[] = [];
  const unlisten = home.mqtt.listen(({ topic }) => {
    if (topic === `zigbee2mqtt/${light.name}/set`) published.push(now());
  });
  const marks = new Marks(site.nodes, home.mqtt);
  const switching = new Switching(home.mqtt, light.name);
  try {
    const begunAt = now();
    await until(() => receptionsSince(received, begunAt).length > BEFORE_MS / 100, "the light is switched", 30_000);
    const { orderedAt, steps = [] } = await trial.act();
    const found = (): Outage | undefined => trial.outage(receptionsSince(received, begunAt), orderedAt);
    await until(() => found() !== undefined, "the light obeys again", OBEYS_WITHIN_MS);
    await pause(1_200); // The first second after counts too.
    const outage = found();
    if (!outage) throw new Error("The outage cannot be told any more.");
    const from = trial.from?.(outage, orderedAt) ?? outage.lastBefore;
    const firstSecond = {
      published: withinASecond(published, outage.firstAfter),
      received: withinASecond(receptionsSince(received, begunAt).map(({ at }) => at), outage.firstAfter),
    }; // prettier-ignore
    if (firstSecond.received > firstSecond.published + UNDER_WAY)
      throw new Error(`Commands had waited for the light: ${JSON.stringify(firstSecond)} in the first second.`);
    const after = home.facts();
    // Not who is on the air: after the prototype's procedure both are.
    const newNode = site.nodes.find((node) => node.home.dongle.name === outage.through)?.name ?? oldNode;
    return {
      part: trial.part,
      fault: trial.fault,
      devices: home.devices.length,
      ms: Math.round(outage.firstAfter - from),
      from,
      steps,
      seen: marks.list.map((mark): Seen => ({ ...mark, node: roleOf(mark.node, oldNode, newNode) })),
      firstSecond,
      rejoined: after.rejoined - before.rejoined,
      doubleActiveMs: Math.round(after.doubleActiveMs - before.doubleActiveMs),
      counterViolations:
        after.counterViolations + after.droppedReplays - before.counterViolations - before.droppedReplays,
    };
  } finally {
    await switching.stop();
    marks.stop();
    unlisten();
  }
}

function roleOf(node: string | undefined, oldNode: string, newNode: string): Seen["node"] {
  if (node === undefined) return undefined;
  return node === newNode && newNode !== oldNode ? "new" : "old";
}

/** A device keeps its newest frames only, and drops the oldest: places in the list do not stay. */
function receptionsSince(received: readonly Reception[], since: number): readonly Reception[] {
  return received.slice(received.findLastIndex(({ at }) => at < since) + 1);
}
