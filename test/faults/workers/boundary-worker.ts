/**
 * A worker that kills itself, or stops to tell, at a boundary that the file $BOUNDARY_FILE names. It is started again at once:
 * `understudy start` would wait longer and longer, as for a program that cannot run.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createActivities } from "../../../activities/index.ts";
import { runWorker } from "../../../workers/run.ts";
import { BoundaryFile } from "./boundary-file.ts";
import type { Boundary } from "./boundary-file.ts";

type AnyActivity = (input: object) => Promise<unknown>;

const boundaries = new BoundaryFile(process.env["BOUNDARY_FILE"] ?? "");

if (process.env["BOUNDARY_WORKER"]) {
  await runWorker((world) => {
    const activities = Object.entries(createActivities(world)) as [string, AnyActivity][];
    const all: unknown = Object.fromEntries(activities.map(([name, act]) => [name, bounded(name, act)]));
    return all as ReturnType<typeof createActivities>;
  });
} else {
  await keepRunning();
}

/** In this process's group, so that whoever ends the group ends it too. */
async function keepRunning(): Promise<void> {
  for (;;) {
    const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url)], {
      env: { ...process.env, BOUNDARY_WORKER: "1" },
      stdio: "inherit",
    });
    const end = (): boolean => child.kill("SIGTERM");
    process.once("SIGTERM", end);
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    process.removeListener("SIGTERM", end);
    if (signal === "SIGKILL") continue;
    process.exitCode = code ?? 1;
    return;
  }
}

function bounded(name: string, act: AnyActivity): AnyActivity {
  return async (input) => {
    const asked = boundaries.asked();
    if (asked?.activity !== name) return await act(input);
    if (asked.when === "before") await reach(asked);
    if (typeof asked.when === "number") setTimeout(() => void reach(asked), asked.when);
    const result = await act(input);
    if (asked.when === "after") await reach(asked);
    return result;
  };
}

async function reach(boundary: Boundary): Promise<void> {
  try {
    boundaries.meet();
  } catch {
    return; // Another attempt was there before.
  }
  if (boundary.act === "kill") process.kill(process.pid, "SIGKILL");
  while (boundaries.met) await pause(20);
}
