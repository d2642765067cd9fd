import type { Output } from "./output.ts";

/** What every verb gets: the options that stand before or after any verb, and where to write. */
export interface Context {
  readonly output: Output;
  /** `--config`, as given. */
  readonly config?: string;
  readonly address?: string;
  readonly namespace?: string;
}
