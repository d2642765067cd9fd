import { expect, test } from "vitest";
import type { Decision, Evidence } from "../../../model/evidence.ts";
import { decide } from "../../../workflows/decision/decide.ts";
import type { Past } from "../../../workflows/decision/decide.ts";
import { GONE, NOW, POLICY, SILENT, UNREACHED, evidence, lastingFor, past } from "./evidence.ts";

const ENDED = { process: "failed" } as const;
const RADIO_DEAD = { deviceAnswers: "no", coordinatorAnswers: "no" } as const;
const restartedJustNow = { restarts: [NOW - 20_000] };
const restartedBefore = { restarts: [NOW - 1_200_000] };

/** Row of the fault list, what happened, the look, what went before, what is to be done and why. */
const GOLDEN: readonly (readonly [string, string, Evidence, Past, Decision["action"], string])[] = [
  ["–", "all is well", evidence(), past(), "nothing", "Devices answer through a."],
  [
    "–",
    "nobody there to ask, Zigbee2MQTT answers",
    evidence({ mqtt: { deviceAnswers: "unknown" } }),
    past(),
    "nothing",
    "Zigbee2MQTT on a answers.",
  ],
  [
    "4",
    "the node with controller and broker died; another controller looks",
    evidence({
      mqtt: { brokerReachable: "no", ...SILENT, processAnswers: "unknown" },
      node: GONE.node,
      standby: { reachesActive: "no", brokerReachable: "no" },
    }),
    lastingFor(600),
    "warn",
    "Neither the broker nor a can be reached from here: no handover would mend that.",
  ],
  [
    "7, 8",
    "a clock jumps by an hour between the first and this look",
    evidence(GONE),
    past({ troubleSince: NOW - 3_600_000, lost: { since: NOW - 3_600_000, looks: 1 } }),
    "warn",
    "A answers neither us nor b, and its Zigbee2MQTT does not answer on MQTT: taken over unless it comes back soon.",
  ],
  [
    "11",
    "the broker is down",
    evidence({
      mqtt: { brokerReachable: "no", ...SILENT, processAnswers: "unknown" },
      node: { brokerReachable: "no" },
    }),
    lastingFor(3_600),
    "warn",
    "The broker cannot be reached from here, while Zigbee2MQTT runs on a: no handover would mend that.",
  ],
  [
    "12",
    "a broker that was restarted says online, Zigbee2MQTT is dead",
    evidence({ mqtt: { ...SILENT, bridgeState: "online" }, node: ENDED }),
    past(),
    "restart",
    "Zigbee2MQTT does not run on a any more: restarted where it is.",
  ],
  [
    "13",
    "a late will after the new node's online",
    evidence({ mqtt: { bridgeState: "offline" } }),
    past(),
    "warn",
    "Devices answer through a, although its retained state on MQTT says offline.",
  ],
  [
    "14",
    "offline is retained, Zigbee2MQTT is fine, no device to ask",
    evidence({ mqtt: { bridgeState: "offline", deviceAnswers: "unknown" } }),
    past(),
    "warn",
    "Zigbee2MQTT on a answers, although its retained state on MQTT says offline.",
  ],
  [
    "15",
    "the process answers, its firmware hangs: a restart cannot help",
    evidence({ mqtt: RADIO_DEAD }),
    lastingFor(12),
    "takeOver",
    "Zigbee2MQTT on a answers, but its coordinator does not and no device does: a standby takes over.",
  ],
  [
    "15",
    "the same, not yet for as long as failover.after says",
    evidence({ mqtt: RADIO_DEAD }),
    past(),
    "warn",
    "Zigbee2MQTT on a answers, but its coordinator does not and no device does: taken over unless it comes back soon.",
  ],
  [
    "15",
    "its firmware hangs and can be reset",
    evidence({ mqtt: RADIO_DEAD, node: { canReset: true } }),
    past(),
    "restart",
    "Zigbee2MQTT on a answers, but its coordinator does not and no device does: reset and restarted where it is.",
  ],
  [
    "15",
    "a reset did not bring the radio back",
    evidence({ mqtt: RADIO_DEAD, node: { canReset: true } }),
    lastingFor(60, restartedJustNow),
    "takeOver",
    "Zigbee2MQTT on a answers, but its coordinator does not and no device does: a standby takes over.",
  ],
  [
    "15",
    "it does not answer after its reset, so Zigbee2MQTT was left stopped by us, not by a person",
    evidence({ mqtt: SILENT, node: { process: "stopped", stoppedOnPurpose: "yes", canReset: true } }),
    lastingFor(60, { ...restartedJustNow, restartFailed: "coordinator", stopSaid: true }),
    "takeOver",
    "A's coordinator does not answer, not even after a reset: a standby takes over.",
  ],
  [
    "15",
    "its firmware hangs and nobody can take over: opening the radio anew is worth one try",
    evidence({ mqtt: RADIO_DEAD, standby: { reachable: "no" } }),
    lastingFor(12),
    "restart",
    "Zigbee2MQTT on a answers, but its coordinator does not and no device does: restarted, since nobody can take over.",
  ],
  [
    "15",
    "and that did not help",
    evidence({ mqtt: RADIO_DEAD, standby: { reachable: "no" } }),
    lastingFor(120, restartedBefore),
    "askPerson",
    "Zigbee2MQTT on a answers, but its coordinator does not and no device does; not taken over: no standby is there that reaches the broker.",
  ],
  [
    "–",
    "a restart was broken off after its stop: nobody wished that",
    evidence({ mqtt: SILENT, node: { process: "stopped", stoppedOnPurpose: "yes" } }),
    lastingFor(60, { ...restartedJustNow, restartFailed: "otherwise" }),
    "takeOver",
    "Zigbee2MQTT does not run on a any more: a standby takes over.",
  ],
  [
    "15",
    "devices are silent, the coordinator answers",
    evidence({ mqtt: { deviceAnswers: "no", coordinatorAnswers: "yes" } }),
    lastingFor(30),
    "warn",
    "Zigbee2MQTT on a answers, but none of the devices that were asked: restarted unless it answers soon.",
  ],
  [
    "15",
    "devices stay silent after a restart: perhaps they are without power",
    evidence({ mqtt: { deviceAnswers: "no", coordinatorAnswers: "yes" } }),
    lastingFor(300, restartedBefore),
    "askPerson",
    "Zigbee2MQTT on a answers, but none of the devices that were asked, while its coordinator answers: are they without power?",
  ],
  [
    "16",
    "the network coordinator is away for half a minute",
    evidence({ mqtt: SILENT, node: { ...ENDED, donglePresent: "no", coordinatorOnNetwork: true } }),
    lastingFor(30),
    "warn",
    "Zigbee2MQTT does not run on a, and its network coordinator does not answer.",
  ],
  [
    "16",
    "the network coordinator is back",
    evidence({ mqtt: SILENT, node: { ...ENDED, coordinatorOnNetwork: true } }),
    past(),
    "restart",
    "Zigbee2MQTT does not run on a any more: restarted where it is.",
  ],
  [
    "17",
    "SSH to the active node is cut, MQTT works",
    evidence({ node: { ...UNREACHED, answersPing: "no" } }),
    lastingFor(600),
    "nothing",
    "Devices answer through a.",
  ],
  [
    "17",
    "we cannot reach it and MQTT is silent, the standby reaches it",
    evidence({ mqtt: SILENT, node: { ...UNREACHED, answersPing: "no" } }),
    lastingFor(40),
    "warn",
    "A cannot be asked by SSH from here, but b reaches it.",
  ],
  [
    "18",
    "the controller is cut off from everything",
    evidence({
      mqtt: { brokerReachable: "no", ...SILENT, processAnswers: "unknown" },
      node: GONE.node,
      standby: { reachable: "no", brokerReachable: "unknown", reachesActive: "unknown" },
    }),
    lastingFor(3_600),
    "warn",
    "Neither the broker nor a can be reached from here: no handover would mend that.",
  ],
  [
    "19",
    "the active node is cut off, by every witness",
    evidence(GONE),
    lastingFor(12),
    "takeOver",
    "A answers neither us nor b, and its Zigbee2MQTT does not answer on MQTT: a standby takes over.",
  ],
  [
    "19",
    "the same, but not for as long as failover.after says",
    evidence(GONE),
    lastingFor(9),
    "warn",
    "A answers neither us nor b, and its Zigbee2MQTT does not answer on MQTT: taken over unless it comes back soon.",
  ],
  [
    "19",
    "the host is frozen: it answers a ping, and nothing else",
    evidence({ ...GONE, node: UNREACHED }),
    lastingFor(40),
    "takeOver",
    "A answers a ping only: no SSH to us or b, and no Zigbee2MQTT on MQTT: a standby takes over.",
  ],
  [
    "20",
    "it ended again within the hour, after a restart",
    evidence({ mqtt: SILENT, node: ENDED }),
    lastingFor(12, restartedBefore),
    "takeOver",
    "Zigbee2MQTT does not run on a any more: a standby takes over.",
  ],
  [
    "20",
    "and once more, after the failover",
    evidence({ mqtt: SILENT, node: ENDED }),
    lastingFor(12, { ...restartedBefore, blocked: { because: "a failover was made at 02:00", all: false } }),
    "askPerson",
    "Zigbee2MQTT does not run on a any more; not taken over: a failover was made at 02:00.",
  ],
  [
    "21",
    "the failover was refused, because the standby would crash as well",
    evidence({ mqtt: SILENT, node: ENDED }),
    lastingFor(12, { ...restartedBefore, refused: { at: NOW - 60_000, because: "b: its configuration is broken" } }),
    "askPerson",
    "Zigbee2MQTT does not run on a any more; the take-over was refused before any change: b: its configuration is broken.",
  ],
  [
    "46",
    "both nodes are down",
    evidence({ ...GONE, standby: { reachable: "no", brokerReachable: "unknown", reachesActive: "unknown" } }),
    lastingFor(600),
    "askPerson",
    "A cannot be asked, Zigbee2MQTT does not answer, and no standby can confirm that a is lost.",
  ],
  [
    "pulled dongle",
    "the stick is not there any more",
    evidence({ mqtt: SILENT, node: { ...ENDED, donglePresent: "no" } }),
    lastingFor(12),
    "takeOver",
    "Zigbee2MQTT ended on a, whose stick is not there any more: a standby takes over.",
  ],
  [
    "hung process",
    "it runs and does not answer, for half a minute",
    evidence({ mqtt: SILENT }),
    lastingFor(31),
    "restart",
    "Zigbee2MQTT runs on a and does not answer on MQTT: restarted where it is.",
  ],
  [
    "hung process",
    "it was restarted just now",
    evidence({ mqtt: SILENT }),
    lastingFor(60, restartedJustNow),
    "warn",
    "Zigbee2MQTT runs on a and does not answer on MQTT: it was started just now.",
  ],
  [
    "rebooted",
    "and has rebooted within the quiet time before",
    evidence({ mqtt: SILENT, node: { process: "stopped", sameBoot: "no" } }),
    past(restartedBefore),
    "restart",
    "A was rebooted and does not run Zigbee2MQTT: restarted where it is.",
  ],
  [
    "rebooted",
    "too often, and nobody can take over",
    evidence({ mqtt: SILENT, node: { process: "stopped", sameBoot: "no" }, standby: { reachable: "no" } }),
    lastingFor(600, { restarts: [NOW - 900_000, NOW - 1_800_000] }),
    "restart",
    "A was rebooted and does not run Zigbee2MQTT: started again, since nobody can take over.",
  ],
  [
    "rebooted",
    "the node has rebooted, so nothing runs there",
    evidence({ mqtt: SILENT, node: { process: "stopped", stoppedOnPurpose: "yes", sameBoot: "no" } }),
    past(),
    "restart",
    "A was rebooted and does not run Zigbee2MQTT: restarted where it is.",
  ],
  [
    "stopped by a person",
    "systemd says so",
    evidence({ mqtt: SILENT, node: { process: "stopped", stoppedOnPurpose: "yes" } }),
    lastingFor(600),
    "warn",
    "Zigbee2MQTT was stopped on a itself, which is no failure: start it there, or with Understudy.",
  ],
  [
    "stopped by a person",
    "the service manager cannot tell, Zigbee2MQTT said so",
    evidence({ mqtt: SILENT, node: { process: "stopped", stoppedOnPurpose: "unknown" } }),
    past({ stopSaid: true }),
    "warn",
    "Zigbee2MQTT was stopped on a itself, which is no failure: start it there, or with Understudy.",
  ],
  [
    "paused",
    "maintenance",
    evidence(GONE),
    lastingFor(600, { held: "paused by anna (new shelf)" }),
    "warn",
    "A answers neither us nor b, and its Zigbee2MQTT does not answer on MQTT; nothing is done: paused by anna (new shelf).",
  ],
  [
    "3",
    "the database was lost, and nobody has told yet who serves",
    evidence({ mqtt: SILENT, node: ENDED }),
    past({ blocked: { because: "the nodes know more", all: true } }),
    "askPerson",
    "Zigbee2MQTT does not run on a any more; nothing is done: the nodes know more.",
  ],
  [
    "13",
    "another node's Zigbee2MQTT answers",
    evidence({ mqtt: { isActive: "no" }, node: ENDED }),
    past(),
    "askPerson",
    "Devices answer, but through another node than a: tell Understudy who serves (understudy adopt).",
  ],
  [
    "–",
    "the only standby was taken out by a person",
    evidence(GONE),
    lastingFor(60, { offline: ["b"] }),
    "askPerson",
    "A answers neither us nor b, and its Zigbee2MQTT does not answer on MQTT; not taken over: no standby is there that reaches the broker.",
  ],
  [
    "–",
    "the standby does not reach the broker either: Zigbee2MQTT would leave its radio on the air and end",
    evidence({ ...GONE, standby: { reachesActive: "no", brokerReachable: "no" } }),
    lastingFor(60),
    "askPerson",
    "A answers neither us nor b, and its Zigbee2MQTT does not answer on MQTT; not taken over: no standby is there that reaches the broker.",
  ],
];

test.each(GOLDEN)("row %s: %s", (_row, _what, seen, before, action, because) => {
  expect(decide(seen, POLICY, before)).toMatchObject({ action, because });
});

test("a coordinator is reset only where its firmware hangs", () => {
  const reset = (seen: Evidence) => decide(seen, POLICY, lastingFor(300)).reset;
  expect(reset(evidence({ mqtt: RADIO_DEAD, node: { canReset: true } }))).toBe(true);
  for (const mqtt of [SILENT, { deviceAnswers: "no", coordinatorAnswers: "yes" }] as const)
    expect(reset(evidence({ mqtt, node: { canReset: true } }))).toBeUndefined();
  expect(reset(evidence({ mqtt: SILENT, node: { ...ENDED, canReset: true } }))).toBeUndefined();
});

test("while it is paused, not even a late will is put right", () => {
  const seen = evidence({ mqtt: { bridgeState: "offline" } });
  expect(decide(seen, POLICY, past()).putStateRight).toBe(true);
  expect(decide(seen, POLICY, past({ held: "paused by anna" })).putStateRight).toBeUndefined();
});

test("trouble that lasts is looked at ever less often, because each look is kept", () => {
  const down = evidence({ mqtt: { brokerReachable: "no", processAnswers: "unknown", deviceAnswers: "unknown" } });
  const after = (seconds: number) => decide(down, POLICY, lastingFor(seconds)).lookAgainMs;
  expect([after(1), after(60), after(600), after(86_400)]).toEqual([5_000, 30_000, 300_000, 600_000]);
});
