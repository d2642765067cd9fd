import { CancellationScope } from "@temporalio/workflow";
import type { FenceTestProof, FenceTestStep } from "./activity-types.ts";
import { givingPowerBack, onNodeOnce } from "./activities-proxy.ts";
import { describeFailure } from "./failures.ts";
import type { StepFailure } from "./failures.ts";

/** How the drill of one rung went. */
export interface RungProof {
  /** Undefined where it could not be switched off, or something else went with it. */
  readonly off?: { readonly detail: string };
  /** Undefined where it could not be seen that its power is back. */
  readonly on?: FenceTestProof;
  /** The first thing that failed. */
  readonly failure?: StepFailure;
}

/**
 * Switches a node off by one rung, and on again whatever became of the off. A workflow of its own, which is not cancelled and
 * survives the fence test that began it: whoever ends that between off and on leaves no node without power.
 */
export async function proveRung(step: FenceTestStep): Promise<RungProof> {
  return CancellationScope.nonCancellable(async () => {
    const off = await outcome(onNodeOnce.fenceTestOff(step));
    const on = await outcome(givingPowerBack.fenceTestOn(step));
    const failure = off.failure ?? on.failure;
    return {
      ...(off.result ? { off: off.result } : {}),
      ...(on.result ? { on: on.result } : {}),
      ...(failure ? { failure } : {}),
    };
  });
}

async function outcome<T>(act: Promise<T>): Promise<{ result?: T; failure?: StepFailure }> {
  try {
    return { result: await act };
  } catch (error) {
    return { failure: describeFailure(error) };
  }
}
