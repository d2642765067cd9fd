import type { ConfirmFenced, HandoverReport } from "./contract.ts";

/**
 * A person's word that the old node is off. It counts for the run that waits for it and no other, and never above a veto.
 * Pure: the workflow wires the update to it.
 */
export class FenceConfirmation {
  #waits: NonNullable<HandoverReport["waitsForPerson"]> | undefined;
  #given: ConfirmFenced | undefined;
  #asked = 0;

  /** Who confirmed it; undefined while nobody has. */
  get by(): string | undefined {
    return this.#given?.by;
  }

  /** How often a person has asked to try again at once. */
  get asked(): number {
    return this.#asked;
  }

  /** A person has changed something, so that it is worth another try. */
  askAgain(): void {
    this.#asked += 1;
  }

  /** From now on a person is asked. */
  wait(waits: NonNullable<HandoverReport["waitsForPerson"]>): void {
    this.#waits = waits;
    // What was said before the coordinator was heard is known to be wrong.
    if (waits.vetoed) this.#given = undefined;
  }

  /** Nobody is asked any more. What was said is used up: another fence in the same run is another question. */
  close(): void {
    this.#waits = undefined;
    this.#given = undefined;
  }

  /** Why a confirmation does not count; undefined where it does. */
  refusal({ node, runId, by }: ConfirmFenced, current: { runId: string }): string | undefined {
    if (typeof by !== "string" || by === "") return "It does not say who confirms.";
    if (runId !== current.runId)
      return `It was given for another handover (run ${runId}); this one is run ${current.runId}.`;
    if (!this.#waits) return "This handover does not wait for a person.";
    if (node !== this.#waits.node) return `This handover waits for ${this.#waits.node}, not for ${node}.`;
    if (this.#waits.vetoed) return `${node} is still on the air: ${this.#waits.because}. Switch it off first.`;
    return undefined;
  }

  accept(confirmed: ConfirmFenced): void {
    this.#given = confirmed;
  }
}
