import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Decision, Evidence, Seen } from "../../../model/evidence.ts";
import { decide } from "../../../workflows/decision/decide.ts";
import type { Past } from "../../../workflows/decision/decide.ts";
import { GONE, NOW, POLICY, SILENT, UNREACHED, evidence as evidenceOf } from "./evidence.ts";

const seen = fc.constantFrom<Seen>("yes", "no", "unknown");
const MQTT_KEYS = [
  "brokerReachable",
  "bridgeState",
  "processAnswers",
  "deviceAnswers",
  "coordinatorAnswers",
  "isActive",
];
const NODE_KEYS = ["reachable", "answersPing", "process", "stoppedOnPurpose", "donglePresent", "sameBoot", "canReset"];
const mqtt: fc.Arbitrary<Evidence["mqtt"]> = fc.record({
  brokerReachable: seen,
  bridgeState: fc.constantFrom("online", "offline", "none"),
  processAnswers: seen,
  deviceAnswers: seen,
  coordinatorAnswers: seen,
  isActive: seen,
});
const node: fc.Arbitrary<Evidence["node"]> = fc.record({
  reachable: seen,
  answersPing: seen,
  process: fc.constantFrom("running", "stopped", "failed", "unknown"),
  stoppedOnPurpose: seen,
  donglePresent: seen,
  coordinatorOnNetwork: fc.boolean(),
  canReset: fc.boolean(),
  sameBoot: seen,
  brokerReachable: seen,
});
const standby = fc.record({
  node: fc.constantFrom("b", "c"),
  reachable: seen,
  brokerReachable: seen,
  reachesActive: seen,
});
const anything: fc.Arbitrary<Evidence> = fc.record({
  at: fc.constant(new Date(NOW).toISOString()),
  active: fc.constant("a"),
  mqtt,
  node,
  standbys: fc.array(standby, { maxLength: 2 }),
});
/** Homes in trouble of which one fact or two are otherwise: what acts is near them. */
const nearTrouble: fc.Arbitrary<Evidence> = fc
  .record({
    base: fc.constantFrom(
      evidenceOf(GONE),
      evidenceOf({ ...GONE, node: UNREACHED }),
      evidenceOf({ mqtt: SILENT, node: { process: "failed" } }),
      evidenceOf({ mqtt: { deviceAnswers: "no", coordinatorAnswers: "no" } }),
      evidenceOf({ mqtt: SILENT, node: { process: "failed", donglePresent: "no" } }),
    ),
    other: anything,
    keys: fc.uniqueArray(fc.constantFrom(...MQTT_KEYS, ...NODE_KEYS, "standbys"), { maxLength: 2 }),
  })
  .map(({ base, other, keys }) => ({
    ...base,
    mqtt: { ...base.mqtt, ...pick(other.mqtt, keys) },
    node: { ...base.node, ...pick(other.node, keys) },
    standbys: keys.includes("standbys") ? other.standbys : base.standbys,
  }));
const evidence = fc.oneof(anything, nearTrouble);

function pick<T extends object>(from: T, keys: readonly string[]): Partial<T> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key))) as Partial<T>;
}

const ago = fc.integer({ min: 0, max: 7_200_000 }).map((ms) => NOW - ms);
const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const past: fc.Arbitrary<Past> = fc.record({
  now: fc.constant(NOW),
  troubleSince: ago,
  lost: fc.option(fc.record({ since: ago, looks: fc.integer({ min: 1, max: 50 }) }), { nil: undefined }),
  stopSaid: fc.boolean(),
  restartFailed: seldom(fc.constantFrom("coordinator", "otherwise")),
  restarts: fc.array(ago, { maxLength: 2 }),
  lastHandoverAt: seldom(ago),
  refused: seldom(fc.record({ at: ago, because: fc.constant("b is not fit") })),
  held: seldom(fc.constant("paused by anna")),
  blocked: seldom(fc.record({ because: fc.constant("a failover was made"), all: fc.boolean() })),
  offline: fc.subarray(["b", "c"]),
});

const RUNS = 5_000;

const acts = ({ action }: Decision) => action === "restart" || action === "takeOver";

interface Known {
  readonly mqtt?: Partial<Evidence["mqtt"]>;
  readonly node?: Partial<Evidence["node"]>;
  readonly past?: Partial<Past>;
}

/** Whatever else is seen and whatever else went before: the decision is so. */
function always(known: Known, then: (decision: Decision, seen: Evidence, before: Past) => boolean): void {
  fc.assert(
    fc.property(evidence, past, (e, p) => {
      const seenNow = { ...e, mqtt: { ...e.mqtt, ...known.mqtt }, node: { ...e.node, ...known.node } };
      const before = { ...p, ...known.past };
      return then(decide(seenNow, POLICY, before), seenNow, before);
    }),
    { numRuns: RUNS },
  );
}

test("what follows is said of decisions that do act, when the evidence is right", () => {
  const actions = fc.sample(fc.tuple(evidence, past), RUNS).map(([e, p]) => decide(e, POLICY, p).action);
  expect(new Set(actions)).toEqual(new Set(["nothing", "warn", "restart", "takeOver", "askPerson"]));
});

test("I8: while a router answers through the active node, nothing is done to it", () =>
  always({ mqtt: { deviceAnswers: "yes" } }, (decision) => !acts(decision)));

test.each<Partial<Evidence["mqtt"]>>([
  { deviceAnswers: "unknown", coordinatorAnswers: "unknown" },
  { deviceAnswers: "unknown", coordinatorAnswers: "yes" },
])("I8: a process that answers is not stopped for nothing: %j", (mqttView) =>
  always({ mqtt: { processAnswers: "yes", ...mqttView } }, (decision) => !acts(decision)),
);

test.each<Seen>(["yes", "unknown"])(
  "I8: silent devices alone never lead to a take-over: coordinator %s",
  (coordinatorAnswers) =>
    always({ mqtt: { processAnswers: "yes", coordinatorAnswers } }, ({ action }) => action !== "takeOver"),
);

test.each<Seen>(["no", "unknown"])(
  "I8: without the broker nothing that runs is stopped: broker %s",
  (brokerReachable) =>
    always(
      { mqtt: { brokerReachable, processAnswers: "unknown" }, node: { process: "running" } },
      (decision) => !acts(decision),
    ),
);

test.each<Seen>(["no", "unknown"])("I8: without the broker nothing is taken over: broker %s", (brokerReachable) =>
  always({ mqtt: { brokerReachable, processAnswers: "unknown" } }, ({ action }) => action !== "takeOver"),
);

test("I8: a node that cannot be asked is taken over only if controller, MQTT and a standby agree that it is lost", () =>
  always(
    { node: { reachable: "no" }, mqtt: { deviceAnswers: "unknown" } },
    ({ action }, { mqtt: m, node: n, standbys }) =>
      action !== "takeOver" ||
      m.processAnswers === "yes" ||
      (n.answersPing !== "unknown" &&
        m.brokerReachable === "yes" &&
        m.processAnswers === "no" &&
        standbys.some((s) => s.reachable === "yes" && s.reachesActive === "no") &&
        !standbys.some((s) => s.reachable === "yes" && s.reachesActive === "yes")),
  ));

test.each<Seen>(["no", "unknown"])(
  "I8: a node that cannot be asked is never restarted unless it answers on MQTT",
  (reachable) =>
    always(
      { node: { reachable } },
      ({ action }, { mqtt: { processAnswers } }) => processAnswers === "yes" || action !== "restart",
    ),
);

test("I8: where all is unknown, nothing is done, however long it lasts", () => {
  const unknown: Evidence = {
    at: new Date(NOW).toISOString(),
    active: "a",
    mqtt: {
      brokerReachable: "unknown",
      bridgeState: "none",
      processAnswers: "unknown",
      deviceAnswers: "unknown",
      coordinatorAnswers: "unknown",
      isActive: "unknown",
    },
    node: { ...UNREACHED, reachable: "unknown", answersPing: "unknown" },
    standbys: [{ node: "b", reachable: "unknown", brokerReachable: "unknown", reachesActive: "unknown" }],
  };
  fc.assert(fc.property(past, (p) => !acts(decide(unknown, POLICY, p))));
});

test("I8: retained words change no action", () => {
  fc.assert(
    fc.property(evidence, past, fc.constantFrom("online", "offline", "none"), (e, p, word) => {
      const other: Evidence = { ...e, mqtt: { ...e.mqtt, bridgeState: word } };
      const [one, two] = [decide(e, POLICY, p), decide(other, POLICY, p)];
      return acts(one) === acts(two) && (!acts(one) || one.action === two.action);
    }),
    { numRuns: RUNS },
  );
});

test.each<Partial<Past>>([{ held: "paused by anna" }, { blocked: { because: "nobody knows who serves", all: true } }])(
  "nothing is done while a person holds the service, or nobody knows who serves: %j",
  (before) => always({ past: before }, (decision) => !acts(decision)),
);

test("nothing is taken over while automatic handovers are blocked", () =>
  always({ past: { blocked: { because: "a failover was made", all: false } } }, ({ action }) => action !== "takeOver"));

test.each<Partial<Past>>([
  { lost: undefined },
  { lost: { since: NOW - 9_999, looks: 9 } },
  { lost: { since: 0, looks: 1 } },
])("nothing is taken over before failover.after has passed, or after one look only: %j", (before) =>
  always({ past: before }, ({ action }) => action !== "takeOver"),
);

test("nothing is restarted more often than failover.restarts says, reboots aside", () =>
  always({ node: { sameBoot: "yes" }, past: { restarts: [NOW - 3_599_999] } }, ({ action }) => action !== "restart"));

test("a node that reboots again and again is not started in a loop", () =>
  always({ past: { restarts: [NOW - 200_000, NOW - 400_000] } }, ({ action }) => action !== "restart"));

test.each(["stopped", "failed"] as const)("what a person stopped on the node itself stays so: %s", (process) =>
  always(
    {
      mqtt: { processAnswers: "no", deviceAnswers: "unknown" },
      node: { reachable: "yes", process, stoppedOnPurpose: "yes", sameBoot: "yes" },
      // What we stopped ourselves, and could not start again, was stopped by no person.
      past: { restartFailed: undefined },
    },
    (decision) => !acts(decision),
  ),
);

test("each decision but `nothing` and an action says when to look again, and every one says why", () => {
  fc.assert(
    fc.property(evidence, past, (e, p) => {
      const decision = decide(e, POLICY, p);
      expect(decision.because).toMatch(/^[A-Z].*[.?]$/s);
      if (!acts(decision) && decision.action !== "nothing") expect(decision.lookAgainMs).toBeGreaterThan(0);
    }),
    { numRuns: 5_000 },
  );
});
