/** A worker with the bug that $PLANTED_BUG names. `understudy start` runs it where $UNDERSTUDY_WORKER names this file. */
import { createActivities } from "../../../activities/index.ts";
import { runWorker } from "../../../workers/run.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";

const bug = PLANTED_BUGS[process.env["PLANTED_BUG"] ?? ""];
if (!bug) throw new Error(`$PLANTED_BUG names none of ${Object.keys(PLANTED_BUGS).join(", ")}.`);

await runWorker((world) => {
  const activities = createActivities(world);
  return { ...activities, ...bug.plant(activities, world) };
});
