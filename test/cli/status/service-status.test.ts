import { expect, test } from "vitest";
import { STATUS_HEAD, serviceStatus, statusFooter, statusRows } from "../../../cli/status/service-status.ts";
import type { ServiceState } from "../../../workflows/contract.ts";
import { ServiceBook } from "../../../workflows/service-state.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * 60_000).toISOString();
const nodes = [
  { name: "pi1", host: "10.0.0.2" },
  { name: "pi2", host: "10.0.0.3" },
];
const serving: ServiceState = { ...ServiceBook.fresh("zigbee").state, holder: "pi1", epoch: 4, mode: "armed" };

function show(values: Partial<ServiceState>): { rows: string[]; footer: string; json: Record<string, unknown> } {
  const known = { state: { ...serving, ...values } };
  const status = serviceStatus({ name: "zigbee", nodes, known, running: undefined }, NOW);
  return {
    rows: statusRows(status, NOW).map((row) => row.slice(0, STATUS_HEAD.length).join(" | ")),
    footer: statusFooter(status, NOW).join("\n"),
    json: { ...status },
  };
}

function copy(minutes: number, preloaded: boolean) {
  const counters = { network: 1, linkKeys: 1 };
  const generation = { id: "g", sha256: "00", bytes: 1, coordinatorIeee: "00124b", counters };
  return { generation, at: ago(minutes), preloaded };
}

test("the age of the standby's copy is what people see, and whether its coordinator is written ahead", () => {
  const { rows } = show({ copies: { pi1: copy(1, true), pi2: copy(3, true) } });
  expect(rows[0]).toBe("zigbee | pi1 | 10.0.0.2 | active | serves | in use |  | none yet");
  expect(rows[1]).toBe(" | pi2 | 10.0.0.3 | standby | stands by | ready | 3 min old | ");
  expect(show({ copies: { pi2: copy(200, false) } }).rows[1]).toContain("to be written | 3 h old");
});

test("a service that observes says what it would have done, when, why, and what it would have cost", () => {
  const decision = { action: "takeOver", because: "pi1 answers neither SSH nor ping." } as const;
  const outage = { ms: 66_480, basis: "failovers" } as const;
  const { footer, json } = show({ mode: "observe", wouldHave: [{ at: ago(60), decision, outage }] });
  expect(footer).toMatch(/zigbee: would have failed over at [\d -]+:[\d:]+ \(1 h ago\) because pi1 answers neither/);
  expect(footer).toContain("; expected outage about 1 min 06 s (an estimate: as failovers took here)");
  expect(json).toMatchObject({ mode: "observe", wouldHave: [{ decision, outage }] });
  const unmeasured = { ms: 34_200, basis: "default" } as const;
  const restart = { action: "restart", because: "it ended." } as const;
  const other = show({ mode: "observe", wouldHave: [{ at: ago(60), decision: restart, outage: unmeasured }] });
  expect(other.footer).toContain("; expected outage about 34 s (an estimate: none was measured here yet)");
});

test("what keeps it from acting is told with who, why and until when", () => {
  const by = "anna@pi";
  const { footer, rows } = show({
    paused: { by, since: ago(5), until: new Date(NOW.getTime() + 3_600_000).toISOString(), reason: "new router" },
    offline: { pi2: { by, since: ago(5) } },
    blocked: {
      because: "a failover from pi2 began",
      since: ago(5),
      until: new Date(NOW.getTime() + 60_000).toISOString(),
    },
  });
  expect(footer).toMatch(/zigbee: paused by anna@pi 5 min ago, until [\d -]+:[\d:]+ \(new router\)/);
  expect(footer).toContain("zigbee: pi2 taken out by anna@pi 5 min ago (understudy online pi2)");
  expect(footer).toMatch(
    /automatic handovers blocked until .* because a failover from pi2 began \(understudy acknowledge\)/,
  );
  expect(rows[1]).toContain("taken out");
});

test("a pause does not leave a handover half done, and says so", () => {
  const paused = { by: "anna@pi", since: ago(5) };
  const { footer } = show({ paused, unfinished: { runId: "r", from: "pi1", to: "pi2", epoch: 5 } });
  expect(footer).toContain(
    "nothing automatic happens, but that the handover from pi1 to pi2 is brought to its end, since until then nobody may be serving (understudy resume)",
  );
  expect(show({ paused }).footer).toContain("nothing automatic happens (understudy resume)");
});

test("a hold whose time has passed is over, even where the workflow has not noticed", () => {
  const { footer, json } = show({ paused: { by: "anna@pi", since: ago(60), until: ago(1) } });
  expect(footer).not.toContain("paused");
  expect(json["paused"]).toBeUndefined();
});

test("a stopped service serves nobody, and is known all the same", () => {
  const { rows, json } = show({ stopped: { by: "anna@pi", since: ago(5) } });
  expect(rows[0]).toContain("active | stopped | silent");
  expect(json).toMatchObject({ known: true });
});

test("I7: where the nodes could not tell who serves, that is said, and what is in the way", () => {
  const because = "another controller worked on pi2 within the last 10 minutes; end it";
  const { footer, json } = show({ holder: undefined, blocked: { because, since: ago(1), needsAdoption: true } });
  expect(json).toMatchObject({ known: false });
  expect(footer).toContain("it is not known which node is active: another controller worked on pi2");
});

test("nothing that came over the network reaches the terminal as a control character", () => {
  const { footer } = show({ paused: { by: "anna\u001B[2J", since: ago(5), reason: "a\nb" } });
  expect(footer).not.toContain("\u001B");
  expect(footer).toContain("(a b)");
});
