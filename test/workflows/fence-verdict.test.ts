import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FenceReport, Listening } from "../../workflows/activity-types.ts";
import { FenceConfirmation } from "../../workflows/confirmation.ts";
import { FENCE_PROOFS } from "../../model/fence.ts";
import { isOnTrust, mayTakeOver } from "../../workflows/fence-verdict.ts";
import { DEAF, HEARD, NOT_OFF, OFF, OFF_ON_TRUST, SILENT } from "./scripted-emergency.ts";

const fence = fc.record({
  proven: fc.constantFrom(...FENCE_PROOFS, undefined),
  selfFenced: fc.boolean(),
  unplugged: fc.boolean(),
  rungs: fc.constant<FenceReport["rungs"]>([]),
});
const listening = fc.option<Listening, undefined>(
  fc.record({
    scanned: fc.boolean(),
    heard: fc.boolean(),
    heardBefore: fc.boolean(),
    detail: fc.constant("as found"),
  }),
  { nil: undefined },
);
const confirmedBy = fc.option(fc.constant("somebody"), { nil: undefined });

describe("mayTakeOver", () => {
  test.each(["radio off", "host off"] as const)("%s is enough", (proven) => {
    expect(mayTakeOver({ ...OFF, proven }, undefined).allowed).toBe(true);
  });

  test("a cut network is never enough: the radio goes on without one", () => {
    expect(mayTakeOver({ ...NOT_OFF, proven: "network cut" }, SILENT)).toMatchObject({
      allowed: false,
      vetoed: false,
      because: expect.stringContaining("leaves its radio on the air"),
    });
  });

  test("silence says nothing of a node that does not fence itself, nor from a standby that never heard it", () => {
    expect(mayTakeOver(NOT_OFF, SILENT).allowed).toBe(false);
    expect(mayTakeOver({ ...NOT_OFF, selfFenced: true }, { ...SILENT, heardBefore: false }).allowed).toBe(false);
    expect(mayTakeOver({ ...NOT_OFF, selfFenced: true }, DEAF).allowed).toBe(false);
    expect(mayTakeOver({ ...NOT_OFF, selfFenced: true }, SILENT).allowed).toBe(true);
  });

  test("a stick that is unplugged, as its node says, counts only where nothing is heard that was heard before", () => {
    expect(mayTakeOver({ ...NOT_OFF, unplugged: true }, undefined).allowed).toBe(false);
    expect(mayTakeOver({ ...NOT_OFF, unplugged: true }, { ...SILENT, heardBefore: false }).allowed).toBe(false);
    expect(mayTakeOver({ ...NOT_OFF, unplugged: true }, SILENT).allowed).toBe(true);
  });

  test("a person's word is enough where nothing is heard", () => {
    expect(mayTakeOver(NOT_OFF, DEAF, { confirmedBy: "somebody" })).toEqual({
      allowed: true,
      because: "somebody confirmed that it is off",
    });
  });

  test("I1: whatever else is known, what is heard is a veto", () => {
    fc.assert(
      fc.property(fence, confirmedBy, (report, by) => {
        const verdict = mayTakeOver(report, HEARD, { confirmedBy: by });
        expect(verdict).toMatchObject({ allowed: false, vetoed: true });
      }),
    );
  });

  test("what only the user's word ties to the node is on trust; what was tested or silenced is not", () => {
    const ssh = { rung: "ssh", proves: "radio off", ok: true, detail: "silent" } as const;
    expect(isOnTrust(OFF_ON_TRUST)).toBe(true);
    expect(isOnTrust(OFF)).toBe(false);
    expect(isOnTrust({ ...OFF_ON_TRUST, proven: "radio off", rungs: [...OFF_ON_TRUST.rungs, ssh] })).toBe(false);
    expect(isOnTrust(NOT_OFF)).toBe(false);
    expect(isOnTrust({ ...OFF_ON_TRUST, proven: "network cut" })).toBe(false);
  });

  test("I1: nothing but a proof, a fenced self or an unplugged stick that is silent, or a person lets a standby start", () => {
    fc.assert(
      fc.property(fence, listening, confirmedBy, (report, heard, by) => {
        const verdict = mayTakeOver(report, heard, { confirmedBy: by });
        const proven = report.proven === "radio off" || report.proven === "host off";
        const silent = (report.selfFenced || report.unplugged) && heard?.scanned === true && heard.heardBefore;
        expect(verdict.allowed).toBe(heard?.heard !== true && (proven || silent || by !== undefined));
      }),
    );
  });
});

describe("FenceConfirmation", () => {
  const word = { node: "a", runId: "run-1", by: "somebody" };
  const waits = { node: "a", because: "it does not answer", vetoed: false };

  test("counts only for the run and the node that are waited for", () => {
    const confirmation = new FenceConfirmation();
    expect(confirmation.refusal(word, { runId: "run-1" })).toContain("does not wait");
    confirmation.wait(waits);
    expect(confirmation.refusal(word, { runId: "run-2" })).toContain("another handover");
    expect(confirmation.refusal({ ...word, node: "b" }, { runId: "run-1" })).toContain("waits for a, not for b");
    expect(confirmation.refusal({ ...word, by: "" }, { runId: "run-1" })).toContain("who confirms");
    expect(confirmation.refusal(word, { runId: "run-1" })).toBeUndefined();
    confirmation.accept(word);
    expect(confirmation.by).toBe("somebody");
    // Another fence in the same run is another question.
    confirmation.close();
    expect(confirmation.by).toBeUndefined();
  });

  test("a veto refuses a word, and takes back one that was given", () => {
    const confirmation = new FenceConfirmation();
    confirmation.wait(waits);
    confirmation.accept(word);
    confirmation.wait({ ...waits, because: "it was heard", vetoed: true });
    expect(confirmation.by).toBeUndefined();
    expect(confirmation.refusal(word, { runId: "run-1" })).toContain("still on the air");
  });
});
