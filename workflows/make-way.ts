import { CancellationScope, defineSignal, setHandler } from "@temporalio/workflow";
import { MAKE_WAY_SIGNAL } from "./contract.ts";

export const makeWaySignal = defineSignal<[string]>(MAKE_WAY_SIGNAL);

/** Hears that a failover is wanted. Before its first change a planned handover ends for that; after it, it goes on. */
export class MakeWay {
  readonly #checking = new CancellationScope();
  #because: string | undefined;

  constructor() {
    setHandler(
      makeWaySignal,
      (because) => {
        this.#because ??= because;
        this.#checking.cancel();
      },
      { description: "A failover is wanted, for this reason: end it if nothing was changed yet" },
    );
  }

  /** The verdict's sentence once a failover is wanted. */
  get refusal(): string | undefined {
    return this.#because === undefined
      ? undefined
      : `Refused before any change: it makes way for a failover (${this.#because}).`;
  }

  /** Runs what changes nothing, and ends it once a failover is wanted. */
  async whileChecking<T>(check: () => Promise<T>): Promise<T> {
    return this.#checking.run(check);
  }
}
