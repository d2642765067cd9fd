import { fileURLToPath } from "node:url";

/** The environment in which `understudy start` runs one of the workers in here instead of its own. */
export function workerEnvironment(name: "planted-worker" | "boundary-worker"): Record<string, string> {
  return { UNDERSTUDY_WORKER: fileURLToPath(new URL(`./${name}.ts`, import.meta.url)) };
}
