import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { parse } from "yaml";
import { findTemporal } from "../../../../cli/start/executable.ts";
import type { SystemHome } from "./bring-up.ts";

export interface Started {
  readonly workflowId: string;
  readonly runId: string;
}

/** Starts a switchover as the README says, with Temporal's own command line and no workflow id. Rejects if it could not. */
export async function startByTemporal(lab: SystemHome, input: object): Promise<Started> {
  const { temporal } = parse(readFileSync(lab.home.configFile, "utf8")) as { temporal: { port: number } };
  const asInReadme = [
    "workflow",
    "start",
    "--type",
    "switchover",
    "--task-queue",
    "understudy",
    "--input",
    JSON.stringify(input),
  ];
  const { stdout } = await promisify(execFile)(await findTemporal(undefined), [
    ...asInReadme,
    "--address",
    `127.0.0.1:${temporal.port}`,
    "-o",
    "json",
  ]);
  return JSON.parse(stdout) as Started;
}
