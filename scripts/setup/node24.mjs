import fs from "node:fs";
import path from "node:path";
import { CACHE } from "./paths.mjs";
import { runWithDots, SetupError } from "./command.mjs";

const VERSION = "24.21.0";
const PACKAGE = `node-${process.platform}-${process.arch}`;
const PREFIX = path.join(CACHE, "node24");

/** Node 24 runs TypeScript as it is. It comes as an npm package, so neither root nor a version manager is needed. */
export const node24 = {
  plan: `Node ${VERSION} into .cache/node24 (190 MB; about 30 seconds), because this is Node ${process.versions.node}`,

  /** @returns {string | undefined} path of a Node >= 24 */
  find() {
    if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
    const installed = path.join(PREFIX, "node_modules", PACKAGE, "bin/node");
    return fs.existsSync(installed) ? installed : undefined;
  },

  async install() {
    fs.mkdirSync(PREFIX, { recursive: true });
    const { ok, output } = await runWithDots(`Node ${VERSION}`, "npm", [
      "install",
      "--no-save",
      "--no-audit",
      "--no-fund",
      "--ignore-scripts",
      "--prefix",
      PREFIX,
      `${PACKAGE}@${VERSION}`,
    ]);
    if (!ok) {
      throw new SetupError(
        `Node 24 could not be installed as the npm package ${PACKAGE}. Its last words:\n${output}\n` +
          "Next: install Node 24 in any way and run the command with it.",
      );
    }
  },
};
