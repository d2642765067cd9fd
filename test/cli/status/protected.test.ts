import { expect, test } from "vitest";
import { protectedNow } from "../../../cli/status/protected.ts";
import type { Protection } from "../../../config/protection.ts";
import type { ServiceState } from "../../../workflows/contract.ts";

const WHOLE: Protection = { nodes: [], isWhole: true, summary: "Protected: a standby takes over." };
const GAP: Protection = {
  nodes: [],
  isWhole: false,
  summary: "Not protected: where attic serves, it waits for a person.",
};
const hold = { by: "me", since: "2026-11-21T03:31:00Z" };

function state(changes: Partial<ServiceState> = {}): ServiceState {
  return { mode: "armed", holder: "attic", copies: { cellar: {} }, ...changes } as unknown as ServiceState;
}

test("armed, with a copy on a standby, its ladders decide", () => {
  expect(protectedNow(state(), WHOLE)).toBe("protected: a standby takes over.");
  expect(protectedNow(state(), GAP)).toBe("not protected: where attic serves, it waits for a person.");
});

test.each([
  ["it observes only", { mode: "observe" }],
  ["it is paused", { paused: hold }],
  ["it is stopped", { stopped: hold }],
  ["automatic handovers are blocked", { blocked: { because: "a failover", since: hold.since } }],
  ["no standby holds a copy", { copies: { attic: {} } as unknown as ServiceState["copies"] }],
] as const)("whatever the ladders can do: %s", (because, changes) => {
  expect(protectedNow(state(changes), WHOLE)).toContain(`not protected: ${because}`);
});
