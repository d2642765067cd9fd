import { afterAll, beforeAll } from "vitest";
import { Command, createHome } from "./command.ts";
import type { Home } from "./command.ts";

/** For the tests of a file: a home whose `understudy start` runs and is ready, told to `ready`. Both go with the file. */
export function runningHome(ready: (home: Home) => Promise<void> | void): void {
  let home: Home | undefined;
  let running: Command | undefined;
  beforeAll(async () => {
    home = await createHome();
    running = new Command(home, ["start"]);
    await running.says("Ready");
    await ready(home);
  });
  afterAll(async () => {
    await running?.stop();
    await home?.remove();
  });
}
