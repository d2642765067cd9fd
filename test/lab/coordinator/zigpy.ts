import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";

const PYTHON = process.env.UNDERSTUDY_PYTHON ?? path.join(import.meta.dirname, "../../../.cache/python/bin/python");
const TIMEOUT_MS = 100_000;

export type ZigpyTool =
  | "nvram_read"
  | "nvram_reset"
  | "nvram_write"
  | "network_backup"
  | "network_restore"
  | "network_scan"
  | "energy_scan";

/** Runs one of zigpy-znp's tools as its users do. Rejects when it fails. @returns what it printed */
export async function zigpy(tool: ZigpyTool, port: string, ...options: string[]): Promise<string> {
  const args = ["-m", `zigpy_znp.tools.${tool}`, port, ...options];
  const { stdout } = await promisify(execFile)(PYTHON, args, { timeout: TIMEOUT_MS });
  return stdout;
}
