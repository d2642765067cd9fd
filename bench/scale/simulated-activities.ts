import { existsSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { NO_COUNTERS } from "../../model/frame-counters.ts";
import { serviceActivities } from "../../activities/service-link.ts";
import { serviceState, syncLink, tellCopy } from "../../activities/sync-link.ts";
import { step } from "../../activities/support/step.ts";
import type { World } from "../../activities/support/world.ts";
import type { AllActivities, GenerationRef } from "../../workflows/activity-types.ts";
import { ACTIVE, STANDBY } from "./services.ts";

/** What a look takes where the node says at once that nothing runs there: MQTT is listened to for so long all the same. */
const LOOK_MS = 1_300;
/** What asking two nodes over SSH takes. */
const SSH_MS = 300;

const GENERATION: GenerationRef = {
  id: "0000000000-simulated",
  sha256: "0".repeat(64),
  bytes: 100_000,
  coordinatorIeee: "00124b0000000001",
  counters: NO_COUNTERS,
};

/**
 * The activities that an idle service and a lost one need. What talks to Temporal is the product's own; what would touch a node
 * says what a node would, after about as long. A service is lost once the file `${lostDirectory}/<service>` exists.
 */
export function simulatedActivities(world: World, lostDirectory: string): Partial<AllActivities> {
  const isLost = (service: string) => existsSync(`${lostDirectory}/${service}`);
  return {
    ...serviceActivities(world.client, world.taskQueue),
    ...syncLink(world.client, world.taskQueue),
    readFacts: () =>
      step(async () => {
        await pause(SSH_MS);
        const common = { reachable: true, epoch: 0, coordinatorDirty: false, counters: NO_COUNTERS };
        return [
          { ...common, node: ACTIVE, running: true },
          { ...common, node: STANDBY, running: false },
        ];
      }),
    confirmCopies: ({ service }) =>
      step(async (signal) => {
        const { epoch, copies } = await serviceState(world, service, signal);
        const before = copies[STANDBY];
        if (!before) return {};
        await pause(SSH_MS);
        const copy = { ...before, at: new Date().toISOString() };
        await tellCopy(world.client, { service, node: STANDBY, copy, ifEpoch: epoch });
        return { fresh: { active: ACTIVE, generation: GENERATION, standbys: [{ node: STANDBY, preloaded: true }] } };
      }),
    captureLive: ({ service }) =>
      step(async (signal) => {
        const { epoch, highestCounters, copies } = await serviceState(world, service, signal);
        await pause(SSH_MS);
        const known = { active: ACTIVE, epoch, highestCounters, copies };
        return { generation: GENERATION, changed: false, known, standbys: [STANDBY], mayWrite: false };
      }),
    refreshCopy: ({ service, node, generation, at }) =>
      step(async () => {
        await pause(SSH_MS);
        await tellCopy(world.client, { service, node, copy: { generation, at, preloaded: true } });
        return { preloaded: true, written: "nothing" };
      }),
    transferFile: () => step(() => Promise.resolve({ bytes: 0, resumed: false }) as never),
    examine: ({ service, active }) =>
      step(async () => {
        await pause(LOOK_MS);
        const lost = isLost(service);
        const yes = lost ? "no" : "yes";
        return {
          evidence: {
            at: new Date().toISOString(),
            active,
            mqtt: {
              brokerReachable: "yes",
              bridgeState: lost ? "offline" : "online",
              processAnswers: yes,
              deviceAnswers: yes,
              coordinatorAnswers: "unknown",
              isActive: lost ? "unknown" : "yes",
            },
            node: {
              reachable: "yes",
              answersPing: "yes",
              process: lost ? "failed" : "running",
              stoppedOnPurpose: "no",
              donglePresent: "yes",
              sameBoot: "yes",
              brokerReachable: "yes",
            },
            standbys: [{ node: STANDBY, reachable: "yes", brokerReachable: "yes", reachesActive: "yes" }],
          },
          policy: world.remembered(service).automation.failover,
          standbys: [STANDBY],
        };
      }),
    // The measurement ends with the decision: the failover that it starts finds no standby fit, and changes nothing.
    checkFitness: ({ from = ACTIVE }) =>
      step(async () => {
        await pause(SSH_MS);
        return {
          from,
          findings: [{ check: "copy", node: STANDBY, ok: false, what: "Simulated.", next: "Nothing." }],
          highestEpoch: 0,
          highestCounters: NO_COUNTERS,
        } as never;
      }),
  };
}
