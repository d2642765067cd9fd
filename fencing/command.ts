import type { CommandRung } from "../config/fencing.ts";
import { UnderstudyError } from "../model/errors.ts";
import { AGENT_OFF } from "./agent.ts";
import type { PowerState, PowerSwitch } from "./power-switch.ts";
import { runProgram } from "./program.ts";

/** Commands of the user's own, by the shell of the machine that runs Understudy. The status command alone tells what holds. */
export function commandSwitch(rung: CommandRung): PowerSwitch {
  const run = (command: string, signal: AbortSignal) =>
    runProgram({ program: "/bin/sh", args: ["-c", command], timeoutMs: rung.timeoutMs, signal });
  return {
    async set(state, signal) {
      const command = rung[state];
      if (command === undefined)
        throw failed("There is no command that switches it on.", "switch it on by hand, or add `on` to this rung.");
      const code = await run(command, signal);
      if (code !== 0)
        throw failed(
          `The command for ${state} ended with exit status ${code}.`,
          "run it by hand on the machine that runs Understudy.",
        );
    },
    async read(signal): Promise<PowerState> {
      const code = await run(rung.status, signal);
      if (code === 0) return "on";
      if (code === AGENT_OFF) return "off";
      throw failed(
        `The status command ended with exit status ${code}, which is neither on (0) nor off (${AGENT_OFF}).`,
        "let it end with 0 while the node has power and with 2 while it has none.",
      );
    },
  };
}

function failed(what: string, next: string): UnderstudyError {
  return new UnderstudyError("FENCING_FAILED", { what, next });
}
