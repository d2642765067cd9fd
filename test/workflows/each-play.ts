import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { beginPlay, makeGround } from "./harness.ts";
import type { Ground, MoreActivities, Play } from "./harness.ts";

/** For the tests of a file: one Temporal server with these knobs, and for each test a play of its own, told to `begun`. */
export function eachPlay(
  begun: (play: Play) => Promise<void> | void,
  { knobs = [], more }: { readonly knobs?: readonly string[]; readonly more?: MoreActivities } = {},
): void {
  let ground: Ground | undefined;
  let play: Play | undefined;
  beforeAll(async () => {
    ground = await makeGround(...knobs);
  });
  afterAll(() => ground?.temporal.stop());
  beforeEach(async () => {
    if (!ground) throw new Error("There is no Temporal server.");
    play = await beginPlay(ground, undefined, more);
    await begun(play);
  });
  afterEach(() => play?.end());
}
