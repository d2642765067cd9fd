import { spawn } from "node:child_process";
import { constants } from "node:os";
import { environment, ensure } from "../setup.mjs";
import { say, SetupError } from "./command.mjs";

/**
 * Sets up all that is needed, then runs Node 24 with these arguments in the place of this process: same terminal,
 * signals passed on, same exit code. Never returns.
 *
 * @param {readonly string[]} args
 * @param {{ python?: boolean }} [wanted] whether zigpy-znp is needed; default: it is
 */
export async function launch(args, { python = true } = {}) {
  const found = await ensure({ node24: true, python, temporal: true }).catch((error) => {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exit(1);
  });
  const child = spawn(found.node24, args, { stdio: "inherit", env: environment(found) });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal's Ctrl-C reaches the whole foreground group by itself; twice would mean "at once".
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.once("error", (error) => {
    say(`${found.node24} could not be started: ${error.message}`);
    process.exit(1);
  });
  child.once("exit", (code, signal) => {
    process.exit(signal ? 128 + constants.signals[signal] : code);
  });
}
