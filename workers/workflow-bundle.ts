import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { DefaultLogger, bundleWorkflowCode } from "@temporalio/worker";
import type { WorkflowBundleOption } from "@temporalio/worker";
import { workflowsPath } from "./worker.ts";

const isCompiled = !import.meta.url.endsWith(".ts");
/** The only folders that workflow code comes from. */
const FOLDERS = ["workflows", "model"] as const;
const PREFIX = "workflow-bundle-";
const BUNDLING_MS = 120_000;
const KEPT_MS = 10 * 60_000;
const WRITER = fileURLToPath(new URL(`./write-bundle.${isCompiled ? "js" : "ts"}`, import.meta.url));

/** Where the bundle is kept: beside what `npm run build` compiled, or in the checkout's cache. */
export const BUNDLE_DIRECTORY = fileURLToPath(new URL(isCompiled ? "../" : "../.cache/", import.meta.url));

/**
 * The workflows as one file made beforehand, if it is that of these sources. Otherwise it is made now (2 s), in a process of its own because
 * bundling takes 150 MB that a worker would keep. Undefined where that fails, as in a directory that cannot be written: the
 * worker then bundles by itself.
 */
export async function workflowBundle(directory = BUNDLE_DIRECTORY): Promise<WorkflowBundleOption | undefined> {
  const codePath = bundleFile(directory);
  if (!existsSync(codePath)) {
    const args = [...process.execArgv, WRITER, directory];
    await promisify(execFile)(process.execPath, args, { timeout: BUNDLING_MS }).catch(() => undefined);
  }
  return existsSync(codePath) ? { codePath } : undefined;
}

/** Makes the bundle and removes old ones of other sources. Never leaves half a file under the bundle's name. Returns its path. */
export async function writeBundle(directory = BUNDLE_DIRECTORY): Promise<string> {
  const path = bundleFile(directory);
  const { code } = await bundleWorkflowCode({ workflowsPath: workflowsPath(), logger: new DefaultLogger("WARN") });
  await mkdir(directory, { recursive: true });
  const unfinished = join(directory, `.${PREFIX}${process.pid}`);
  await writeFile(unfinished, code, { flush: true });
  await rename(unfinished, path);
  for (const other of await readdir(directory)) {
    if (!other.startsWith(PREFIX) || join(directory, other) === path) continue;
    const { mtimeMs } = await stat(join(directory, other));
    // A worker that began just before is still about to read it.
    if (Date.now() - mtimeMs > KEPT_MS) await rm(join(directory, other), { force: true });
  }
  return path;
}

/** Named by what it is made of, so that one of other sources is never taken for it. */
export function bundleFile(directory = BUNDLE_DIRECTORY): string {
  return join(directory, `${PREFIX}${sourcesHash()}.js`);
}

/** Of the workflows' sources, wherever they lie, and of the SDK's version, which must be the worker's. */
function sourcesHash(): string {
  const root = fileURLToPath(new URL("../", import.meta.url));
  const { version } = createRequire(import.meta.url)("@temporalio/worker/package.json") as { version: string };
  const hash = createHash("sha256").update(`${version}\0`);
  for (const folder of FOLDERS) {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
    for (const name of names.filter((file) => /\.[jt]s$/.test(file)).toSorted())
      hash.update(`${folder}/${name}\0`).update(readFileSync(join(root, folder, name)));
  }
  return hash.digest("hex").slice(0, 16);
}
