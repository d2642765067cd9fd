import { setTimeout as pause } from "node:timers/promises";
import type { Site, SiteNode } from "./site.ts";

/** After the fault has ended the home serves again, or the system says why not, within this time. */
const AT_REST_WITHIN_MS = 150_000;
/** Nobody is on the air and nothing is under way for so long: nothing will come any more. */
const DARK_AFTER_MS = { armed: 60_000, unarmed: 5_000 } as const;
const SERVING_AFTER_MEND_MS = 90_000;

export interface Rest {
  /** It serves: a light obeys. */
  readonly serving: boolean;
  /** Nobody served any more, nothing was under way: a person started it. */
  readonly mended: boolean;
  /** The service says that it waits for a person, and why. */
  readonly asks?: string;
  /** Why it did not come to rest. */
  readonly trouble?: string;
}

/** Waits until nothing is under way and the home serves. Where it stays dark, it is started as a person would start it. */
export async function comeToRest(site: Site, signal: AbortSignal, armed = false): Promise<Rest> {
  const darkAfter = armed ? DARK_AFTER_MS.armed : DARK_AFTER_MS.unarmed;
  const until = Date.now() + AT_REST_WITHIN_MS;
  let quietSince: number | undefined;
  while (Date.now() < until) {
    signal.throwIfAborted();
    if (await isQuiet(site, armed)) {
      if (await lightObeys(site)) return { serving: true, mended: false };
      quietSince ??= Date.now();
      if (Date.now() - quietSince > darkAfter && !site.home.servingNode()) return await mend(site, signal);
    } else {
      quietSince = undefined;
    }
    await pause(100);
  }
  const under = (await isQuiet(site, armed))
    ? "nothing is under way, and no light obeys"
    : "something is still under way";
  return {
    serving: false,
    mended: false,
    trouble: `not at rest ${AT_REST_WITHIN_MS / 1000} s after the fault: ${under}`,
  };
}

/** No handover runs, none is unfinished, and nothing is about to be done about a trouble. */
async function isQuiet(site: Site, armed: boolean): Promise<boolean> {
  try {
    const { current, unfinished, trouble } = await site.lab.serviceState();
    if (current || unfinished) return false;
    if (armed && trouble && ["restart", "takeOver"].includes(trouble.decision.action)) return false;
    const { status } = await site.temporal.workflow.getHandle(`handover:${site.service}`).describe();
    return status.name !== "RUNNING";
  } catch {
    return false; // No worker or no server for the moment.
  }
}

async function lightObeys(site: Site): Promise<boolean> {
  if (!site.home.servingNode()) return false;
  const obeys = (state: "ON" | "OFF") =>
    site.home.pressLight(0, state, 1_500).then(
      () => true,
      () => false,
    );
  return (await obeys("OFF")) && (await obeys("ON"));
}

/** A person starts the service where it ran last, with Understudy's own verb or, where that refuses, on the node. */
async function mend(site: Site, signal: AbortSignal): Promise<Rest> {
  const { holder, trouble, blocked } = await site.lab.serviceState();
  const asks = trouble?.decision.because ?? blocked?.because;
  const said = asks === undefined ? {} : { asks };
  const node = site.node(holder ?? site.nodes[0]?.name ?? "");
  const { code } = await site.lab.understudy.run(["service", "restart", "--yes", "-o", "json"]);
  if (code !== 0) await startByHand(node).catch(() => undefined);
  const until = Date.now() + SERVING_AFTER_MEND_MS;
  while (Date.now() < until) {
    signal.throwIfAborted();
    if (await lightObeys(site)) return { serving: true, mended: true, ...said };
    await pause(200);
  }
  return { serving: false, mended: true, trouble: `a person started it on ${node.name}, and no light obeys`, ...said };
}

async function startByHand({ home }: SiteNode): Promise<void> {
  await home.zigbee2mqtt.stop().catch(() => undefined);
  await home.host.run(home.host.zigbee2mqtt.commands.start);
}
