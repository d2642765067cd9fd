import fs from "node:fs";
import path from "node:path";
import { CACHE, ROOT } from "./paths.mjs";
import { outputOf, runWithDots, SetupError } from "./command.mjs";

const VENV = path.join(CACHE, "python");
const INTERPRETER = path.join(VENV, "bin/python");
const REQUIREMENTS = path.join(ROOT, "lab/requirements.txt");
const CANDIDATES = ["python3", "python3.14", "python3.13", "python3.12", "python3.11"];

const INSTALLED = [
  "import sys",
  "from importlib.metadata import version",
  "sys.exit(not all(version(n) == v for n, v in (a.split('==') for a in sys.argv[1:])))",
].join("\n");

/** zigpy-znp, which the nodes run to read and write their coordinators, in a virtual environment of its own. */
export const python = {
  plan: "zigpy-znp into a Python environment in .cache/python (70 MB; about 30 seconds)",

  /** @returns {string | undefined} path of the interpreter that has zigpy-znp */
  find() {
    if (!fs.existsSync(INTERPRETER)) return undefined;
    return outputOf(INTERPRETER, ["-c", INSTALLED, ...requirements()]) === undefined ? undefined : INTERPRETER;
  },

  async install() {
    const base = CANDIDATES.find(recentEnough);
    if (!base) {
      throw new SetupError(
        "Python 3.11 or newer was not found. Next: install python3 (>= 3.11), then run the command again.",
      );
    }
    const venv = await runWithDots("Python environment", base, ["-m", "venv", "--clear", VENV]);
    if (!venv.ok) {
      throw new SetupError(
        "Python's venv module is missing or does not work.\n" +
          "Next: install it (Debian and Ubuntu: apt install python3-venv), then run the command again.",
      );
    }
    const pip = await runWithDots("zigpy-znp", INTERPRETER, ["-m", "pip", "install", "--quiet", "-r", REQUIREMENTS]);
    if (!pip.ok) {
      throw new SetupError(
        `pip could not install zigpy-znp. Its last words:\n${pip.output}\nNext: check the network, then run the command again.`,
      );
    }
  },
};

function requirements() {
  return fs
    .readFileSync(REQUIREMENTS, "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith("#"));
}

function recentEnough(interpreter) {
  return outputOf(interpreter, ["-c", "import sys; sys.exit(sys.version_info < (3, 11))"]) !== undefined;
}
