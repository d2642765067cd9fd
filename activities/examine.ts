import type { SshTarget } from "../config/effective.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { WatchmanActivities } from "../workflows/activity-types.ts";
import { UNSEEN, lookAtMqtt } from "./examine/look-at-mqtt.ts";
import { lookAtNode } from "./examine/look-at-node.ts";
import { lookAtStandby } from "./examine/look-at-standby.ts";
import { within } from "./examine/within.ts";
import { step } from "./support/step.ts";
import type { World } from "./support/world.ts";

/** What is found on the nodes for a look is kept under this name, apart from what handovers find. */
const RUN = "examine";
/** To learn the broker from the nodes, where this process has never done so. */
const BROKER_MS = 5_000;
/** How long MQTT is listened to after the node itself has said that nothing runs there. */
const MOOT_AFTER_MS = 1_200;

/**
 * One look from every direction: MQTT, SSH and ping to the active node, and what each standby sees. All of it at the same
 * time, each with a limit of its own, together about 8 s (20 s where the coordinator is asked). What could not be seen is
 * `unknown`. Rejects only CONFIG_INVALID.
 */
export function examine(world: World): WatchmanActivities["examine"] {
  return (input) =>
    step(async (signal) => {
      const { active, service: name } = input;
      const remembered = world.remembered(name);
      const canReset = remembered.nodes.some(({ name, configured }) => name === active && configured.coordinator.reset);
      const at = new Date().toISOString();
      const target = (node: string) => ({
        ssh: sshOf(remembered.nodes, node),
        find: (limit: AbortSignal) => findNode(world, name, node, limit),
      });
      const standbys = remembered.nodes.map((node) => node.name).filter((node) => node !== active);
      const moot = new AbortController();
      const lookingAtNode = lookAtNode(target(active), signal);
      const settle = async () => {
        const { process } = await lookingAtNode;
        if (process === "stopped" || process === "failed") setTimeout(() => moot.abort(), MOOT_AFTER_MS);
      };
      const [mqtt, seen, views] = await Promise.all([
        lookAtBroker(world, input, moot.signal, signal),
        lookingAtNode,
        Promise.all(
          standbys.map((standby) =>
            lookAtStandby({ name: standby, ...target(standby) }, sshOf(remembered.nodes, active), signal),
          ),
        ),
        settle(),
      ]);
      const node = canReset ? { ...seen, canReset } : seen;
      return {
        evidence: { at, active, mqtt, node, standbys: views },
        policy: remembered.automation.failover,
        standbys,
      };
    });
}

async function lookAtBroker(
  world: World,
  { service, active, thorough }: { service: string; active: string; thorough: boolean },
  moot: AbortSignal,
  signal: AbortSignal,
) {
  const known =
    world.remembered(service).service ??
    (await within(
      BROKER_MS,
      signal,
      () => world.service(service, { run: RUN }),
      () => world.remembered(service).service,
    ));
  if (!known) return UNSEEN;
  const nodes = world.remembered(service).nodes.flatMap(({ found }) => (found ? [found] : []));
  return lookAtMqtt({ broker: known.broker, active, nodes, thorough, moot, signal });
}

async function findNode(world: World, service: string, name: string, signal: AbortSignal) {
  const { found } = world.remembered(service).nodes.find((node) => node.name === name) ?? {};
  if (found) return { node: found, host: world.host(found) };
  const discovered = await world.service(service, { run: RUN, only: [name] });
  signal.throwIfAborted();
  const node = discovered.nodes.find((candidate) => candidate.name === name);
  if (!node) throw discovered.unknown.get(name) ?? notConfigured(name);
  return { node, host: world.host(node) };
}

function sshOf(nodes: readonly { readonly name: string; readonly ssh: SshTarget }[], name: string): SshTarget {
  const node = nodes.find((candidate) => candidate.name === name);
  if (!node) throw notConfigured(name);
  return node.ssh;
}

function notConfigured(node: string): UnderstudyError {
  return new UnderstudyError("CONFIG_INVALID", {
    node,
    what: "The node that should serve is not in understudy.yaml.",
    next: "put it back, or tell who serves: understudy adopt.",
  });
}
