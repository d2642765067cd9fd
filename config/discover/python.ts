import { posix } from "node:path";
import { DEFAULTS } from "../defaults.ts";
import { ask } from "./ask.ts";
import { DEFAULT_SOURCE, setInFile, type Found, type NodeContext } from "./found.ts";

/** Prints the first interpreter that can import zigpy_znp. Importing costs about a second on a Raspberry Pi. */
const PYTHON_SCRIPT = `
for python in "$@"; do
  case $python in
    /*) [ -x "$python" ] || continue ;;
    *) command -v "$python" >/dev/null 2>&1 || continue ;;
  esac
  if "$python" -c 'import zigpy_znp' </dev/null >/dev/null 2>&1; then
    printf '%s\\0' "$python"
    break
  fi
done
true
`;

const USUAL_PLACES = [
  "/opt/zigpy/bin/python",
  "/opt/zigpy-znp/bin/python",
  "/opt/zigpy-znp/venv/bin/python",
  "/opt/understudy/bin/python",
  "/root/.local/share/pipx/venvs/zigpy-znp/bin/python",
];

/**
 * The Python that has zigpy-znp, where that is used. That none has it is not an error here: preflight says so and how to mend
 * it. With our own driver Python matters to the node's own programs only, and any will do.
 */
export async function findPython(context: NodeContext): Promise<Found<string>> {
  const { node, home } = context;
  const set = node.coordinator.python;
  if (node.coordinator.driver === "zstack") {
    if (set !== undefined) return { value: set, source: setInFile(node.setAt, "coordinator.python") };
    return { value: DEFAULTS.python, source: DEFAULT_SOURCE };
  }
  const ofUser =
    home === ""
      ? []
      : [posix.join(home, ".local/share/pipx/venvs/zigpy-znp/bin/python"), posix.join(home, "zigpy/bin/python")];
  const candidates = set === undefined ? [DEFAULTS.python, ...USUAL_PLACES, ...ofUser] : [set];
  const [python] = await ask(context.host, { script: PYTHON_SCRIPT, args: candidates, about: "Python with zigpy-znp" });
  if (python === undefined)
    context.warn(set === undefined ? "no Python with zigpy-znp was found." : `${set} does not have zigpy-znp.`);
  if (set !== undefined) return { value: set, source: setInFile(node.setAt, "coordinator.python") };
  if (python === undefined) return { value: DEFAULTS.python, source: "default (zigpy-znp was not found)" };
  return { value: python, source: "found: it has zigpy-znp" };
}
