import { condition } from "@temporalio/workflow";
import type { FenceReport, Listening, NodeStep } from "./activity-types.ts";
import { briefly, onNode, onNodeOnce } from "./activities-proxy.ts";
import { isOnTrust, mayTakeOver } from "./fence-verdict.ts";
import { StepFailed } from "./handover-run.ts";
import type { HandoverRun } from "./handover-run.ts";
import { untilNextTry } from "./patience.ts";
import { ignoreStepFailure } from "./way-back.ts";

/** How the attempt to prove the old node off ended. */
export type Fenced =
  | { readonly outcome: "proven"; readonly because: string }
  /** While a person was waited for, the old node was seen to serve well: nothing is to be taken over. */
  | { readonly outcome: "serves-again" };

/**
 * Proves that the old node no longer serves, by the ladder, by listening, or by a person, who is waited for as long as it
 * takes; meanwhile both are tried again, ever less often. Rejects StepFailed and CancelledFailure where it is cancelled.
 */
export async function proveFenced(run: HandoverRun, old: NodeStep, standby: NodeStep): Promise<Fenced> {
  let fence: FenceReport = { selfFenced: false, rungs: [] };
  let heard: Listening | undefined;
  const began = Date.now();
  for (let round = 0; ; round++) {
    const { asked } = run.confirmation;
    if (round > 0 && (await servesWell(run, old))) {
      run.confirmation.close();
      return { outcome: "serves-again" };
    }
    if (run.confirmation.by === undefined) fence = (await tried(fenceOnce(run, old))) ?? fence;
    let verdict = mayTakeOver(fence, undefined);
    if (!verdict.allowed || isOnTrust(fence)) {
      const listening = await tried(listenOnce(run, old, standby));
      // What was heard stays a veto until a scan hears nothing.
      if (listening?.scanned === true || !heard?.heard) heard = listening;
      verdict = mayTakeOver(fence, heard, { confirmedBy: run.confirmation.by });
    }
    if (verdict.allowed) {
      run.confirmation.close();
      run.recorder.set({ waitsForPerson: undefined });
      return { outcome: "proven", because: verdict.because };
    }
    const waits = { node: old.node, because: verdict.because, vetoed: verdict.vetoed };
    run.confirmation.wait(waits);
    run.recorder.set({ waitsForPerson: waits });
    run.say(inWords(waits));
    const isAskedFor = () => run.confirmation.by !== undefined || run.confirmation.asked !== asked;
    await condition(isAskedFor, untilNextTry(Date.now() - began));
  }
}

function inWords({ node, because, vetoed }: { node: string; because: string; vetoed: boolean }): string {
  return vetoed
    ? `${node} is still on the air: ${because}. Switch it off; then this goes on by itself, at once with: understudy confirm-fenced --node ${node}`
    : `A person has to make sure that ${node} is off: ${because}. Pull its plug or its stick, then: understudy confirm-fenced --node ${node}`;
}

function fenceOnce(run: HandoverRun, old: NodeStep): Promise<FenceReport> {
  return run.step(
    { name: "fenceNode", title: "Prove that the old node is off", node: old.node, again: true },
    () => onNode.fenceNode(old),
    ({ proven, rungs }) =>
      `${proven ?? "not proven"}${rungs.length > 0 ? ` (${rungs.map(({ rung, ok }) => `${rung}: ${ok ? "done" : "failed"}`).join(", ")})` : ""}`,
  );
}

function listenOnce(run: HandoverRun, old: NodeStep, standby: NodeStep): Promise<Listening> {
  return run.step(
    { name: "listenForActive", title: "Listen for the old coordinator", node: standby.node, again: true },
    () => onNode.listenForActive({ ...standby, active: old.node }),
    ({ detail }) => detail,
  );
}

/** Undefined where the step failed: that proves nothing, and is tried again. A cancellation goes on up. */
async function tried<T>(step: Promise<T>): Promise<T | undefined> {
  try {
    return await step;
  } catch (error) {
    if (error instanceof StepFailed && error.failure.id === "CANCELLED") throw error;
    ignoreStepFailure(error);
    return undefined;
  }
}

/** Whether the old node runs, answers, and its devices answer through it. What cannot be seen is no. */
async function servesWell(run: HandoverRun, old: NodeStep): Promise<boolean> {
  const look = run.step(
    { name: "readFacts", title: "See whether the old node serves again", node: old.node, again: true },
    () => onNodeOnce.readFacts({ service: old.service }),
    (facts) => (facts.some(({ node, running }) => node === old.node && running === true) ? "it runs" : "it does not"),
  );
  const facts = await tried(look);
  if (!facts?.some(({ node, running }) => node === old.node && running === true)) return false;
  const proof = await tried(
    run.step(
      { name: "proveNode", title: "See whether it serves well", node: old.node, again: true },
      () => briefly.proveNode({ ...old, since: new Date().toISOString() }),
      ({ answered, asked }) => `${answered} of ${asked} devices answered`,
    ),
  );
  return proof !== undefined;
}
