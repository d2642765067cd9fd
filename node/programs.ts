import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SILENCE_SCRIPT } from "../coordinators/silence-script.ts";
import { COMMAND, LIBRARY } from "./instance.ts";

export interface Program {
  readonly path: string;
  readonly content: string;
  readonly mode: string;
}

const SOURCED = ["common.sh", "permission.sh", "service.sh", "peers.sh", "reach.py"];
const RUN_DIRECTLY = ["gate", "boot", "self-fence", "peer-epoch"];

/** All programs that are installed on a node, the same on every one. */
export function programs(): readonly Program[] {
  return [
    ...SOURCED.map((name) => ({ path: `${LIBRARY}/${name}`, content: program(name), mode: "644" })),
    ...RUN_DIRECTLY.map((name) => ({ path: `${LIBRARY}/${name}`, content: program(`${name}.sh`), mode: "755" })),
    { path: `${LIBRARY}/silence.py`, content: SILENCE_SCRIPT.trimStart(), mode: "644" },
    { path: COMMAND, content: program("understudy-node.sh"), mode: "755" },
  ];
}

/** The text of one. They are files of their own; the compiled product finds them where the sources are. */
export function program(name: string): string {
  const [beside, ofSources] = ["./programs/", "../../node/programs/"].map((directory) =>
    fileURLToPath(new URL(`${directory}${name}`, import.meta.url)),
  );
  return readFileSync(beside && existsSync(beside) ? beside : (ofSources ?? ""), "utf8");
}
