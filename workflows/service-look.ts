import { ActivityFailure, condition, isCancellation, proxyActivities } from "@temporalio/workflow";
import type { HandoverActivities } from "./activity-types.ts";
import { adoptByFacts, knowMore } from "./adoption.ts";
import { adopted, blockUntilAdopted } from "./service-control.ts";
import type { ServiceBook } from "./service-state.ts";

/** Only to compare; a home that cannot be asked now is asked later. */
const { readFacts } = proxyActivities<HandoverActivities>({
  startToCloseTimeout: 60_000,
  heartbeatTimeout: 10_000,
  scheduleToCloseTimeout: 120_000,
  retry: { maximumAttempts: 2 },
});

/** Between two looks while it is not known who serves: nodes may still be booting, another controller may go silent. */
const AGAIN_MS = { first: 30_000, most: 600_000 };

/**
 * Compares what the state says with what the nodes say: when nothing is known of a service (a new one, or a lost database),
 * and whenever it is asked for, which `understudy start` does, since a database may have been restored.
 */
export class NodesLook {
  readonly #book: ServiceBook;
  #wanted: boolean;
  #busy = false;

  constructor(book: ServiceBook) {
    this.#book = book;
    this.#wanted = book.state.holder === undefined;
  }

  /** No look is wanted or under way: the workflow may begin a new history. One that knows of no holder looks there by itself. */
  get idle(): boolean {
    return !this.#busy && (!this.#wanted || this.#book.state.holder === undefined);
  }

  /** Looks soon. */
  want(): void {
    this.#wanted = true;
  }

  /** For as long as the workflow runs. */
  async keepLooking(): Promise<never> {
    for (let failed = 0; ;) {
      const again = Math.min(AGAIN_MS.first * 2 ** (failed - 1), AGAIN_MS.most);
      const wanted = () => this.#wanted;
      if (failed === 0) await condition(wanted);
      else await condition(wanted, again);
      this.#wanted = false;
      this.#busy = true;
      try {
        await this.#look();
      } finally {
        this.#busy = false;
      }
      failed = this.#book.state.holder === undefined ? failed + 1 : 0;
    }
  }

  async #look(): Promise<void> {
    const book = this.#book;
    const { service } = book.state;
    try {
      const facts = await readFacts({ service });
      const { state } = book;
      if (state.current) return;
      if (state.holder === undefined) {
        const adoption = adoptByFacts(facts);
        book.change((before) =>
          adoption.holder === undefined
            ? blockUntilAdopted(before, `${adoption.because}; ${adoption.next}`, new Date())
            : adopted(before, adoption),
        );
        return;
      }
      const because = knowMore(state, facts);
      if (because) book.change((before) => blockUntilAdopted(before, because, new Date()));
    } catch (error) {
      if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
      if (book.state.holder === undefined)
        book.change((state) => blockUntilAdopted(state, "the nodes could not be asked who serves", new Date()));
    }
  }
}
