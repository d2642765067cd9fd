import { expect, test } from "vitest";
import type { HandoverReport } from "../../workflows/contract.ts";
import { blockForQuietTime } from "../../workflows/service-control.ts";
import { ServiceBook } from "../../workflows/service-state.ts";

const now = new Date("2026-01-01T00:00:00Z");
const announced = { runId: "r1", from: "a", to: "b", epoch: 1 };

function report(values: Partial<HandoverReport> = {}): HandoverReport {
  return {
    service: "zigbee",
    workflowId: "handover:zigbee",
    runId: "r1",
    kind: "switchover",
    outcome: "done",
    message: "m",
    from: "a",
    to: "b",
    epoch: 1,
    startedAt: now.toISOString(),
    steps: [],
    findings: [],
    ...values,
  };
}

function withHandover(): ServiceBook {
  const book = ServiceBook.fresh("zigbee");
  book.begin({ workflowId: "handover:zigbee", runId: "r1" }, now);
  book.announce(announced);
  return book;
}

test("a handover that is told twice counts once", () => {
  const book = withHandover();
  book.finish({ report: report(), highestCounters: { network: 9000, linkKeys: 90 } }, now);
  book.finish({ report: report(), highestCounters: { network: 9000, linkKeys: 90 } }, now);
  expect(book.state).toMatchObject({ holder: "b", epoch: 1, highestCounters: { network: 9000, linkKeys: 90 } });
  expect(book.state.history).toHaveLength(1);
  expect(book.state.current).toBeUndefined();
});

test("the highest counter and the epoch never fall", () => {
  const book = withHandover();
  book.finish({ report: report({ epoch: 4 }), highestCounters: { network: 9000, linkKeys: 90 } }, now);
  book.begin({ workflowId: "handover:zigbee", runId: "r2" }, now);
  expect(book.mayAnnounce({ ...announced, runId: "r2", epoch: 4 })).toContain("not above 4");
  book.finish({ report: report({ runId: "r2", epoch: 2 }), highestCounters: { network: 10, linkKeys: 10 } }, now);
  expect(book.state).toMatchObject({ epoch: 4, highestCounters: { network: 9000, linkKeys: 90 } });
});

test("what an unfinished handover led to is known from its settlement on", () => {
  const book = withHandover();
  book.begin({ workflowId: "handover:zigbee", runId: "r2" }, now);
  book.settle("r1", { holder: "b", epoch: 3, highestCounters: { network: 9000, linkKeys: 90 } });
  book.finish({ report: report({ runId: "r2", outcome: "refused", epoch: 3 }) }, now);
  expect(book.state).toMatchObject({ holder: "b", epoch: 3, highestCounters: { network: 9000, linkKeys: 90 } });
});

test("the trouble of a node is not that of its successor", () => {
  const book = withHandover();
  const decision = { action: "takeOver", because: "a is gone." } as const;
  const at = now.toISOString();
  book.change((state) => ({ ...state, trouble: { since: at, at, decision, apartSince: at } }));
  book.finish({ report: report() }, now);
  expect(book.state.trouble).toBeUndefined();
});

test("the quiet time follows a failover that waited for a person for longer than that", () => {
  const book = ServiceBook.fresh("zigbee");
  book.change((state) => blockForQuietTime(state, "a is gone.", 60_000, now));
  book.begin({ workflowId: "handover:zigbee", runId: "r1" }, now);
  book.announce(announced);
  const later = new Date(now.getTime() + 3_600_000);
  book.control({ verb: "pause", by: "anna" }, later);
  book.finish({ report: report({ kind: "failover" }) }, later);
  expect(book.state.blocked?.until).toBe(new Date(later.getTime() + 60_000).toISOString());
});

test("a run that was announced and is replaced without a verdict stays unfinished until it is settled", () => {
  const book = withHandover();
  book.begin({ workflowId: "handover:zigbee", runId: "r2" }, now);
  expect(book.state.unfinished).toEqual(announced);
  book.finish({ report: report({ runId: "r2", outcome: "refused" }) }, now);
  expect(book.state.unfinished).toEqual(announced);
  book.settle("r1");
  expect(book.state.unfinished).toBeUndefined();
});

test("a run that never announced a change leaves nothing to recover", () => {
  const book = ServiceBook.fresh("zigbee");
  book.begin({ workflowId: "handover:zigbee", runId: "r1" }, now);
  book.lost("r1");
  expect(book.state).toEqual(ServiceBook.fresh("zigbee").state);
});

test("I9: the same announcement may come twice", () => {
  const book = withHandover();
  expect(book.mayAnnounce(announced)).toBeUndefined();
  expect(book.mayAnnounce({ ...announced, epoch: 0 })).toContain("not above 1");
});

test("a run that is no longer current cannot announce", () => {
  const book = withHandover();
  book.begin({ workflowId: "handover:zigbee", runId: "r2" }, now);
  expect(book.mayAnnounce(announced)).toContain("no longer");
});

test.each(["failed", "unknown"] as const)("an announced handover that ended %s is still to be recovered", (outcome) => {
  const book = withHandover();
  book.finish({ report: report({ outcome }) }, now);
  expect(book.state.unfinished).toEqual(announced);
  expect(book.state.holder).toBeUndefined();
});

test("recoveries that establish nothing do not crowd the history out", () => {
  const book = withHandover();
  book.finish({ report: report({ outcome: "unknown", message: "lost" }) }, now);
  for (const runId of ["r2", "r3", "r4"]) {
    book.begin({ workflowId: "handover:zigbee", runId }, now);
    book.finish({ report: report({ runId, kind: "recovery", outcome: "unknown", message: runId }) }, now);
  }
  expect(book.state.history.map(({ message }) => message)).toEqual(["r4", "lost"]);
  book.begin({ workflowId: "handover:zigbee", runId: "r5" }, now);
  book.finish({ report: report({ runId: "r5", kind: "recovery", outcome: "returned", message: "r5" }) }, now);
  expect(book.state.history.map(({ message }) => message)).toEqual(["r5", "r4", "lost"]);
});
