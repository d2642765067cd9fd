import { basename } from "node:path";
import type { AgentRung } from "../config/fencing.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { PowerState, PowerSwitch } from "./power-switch.ts";
import { runProgram } from "./program.ts";

/** Exit status of `status` for a host that is off, as ClusterLabs' fence agents have it; 0 for one that is on. */
export const AGENT_OFF = 2;

/**
 * A program that speaks the protocol of ClusterLabs' fence agents (their "Fence Agent API"): options as lines `name=value` on
 * standard input, `action` among them, the result as exit status. It runs on the machine that runs Understudy.
 */
export function agentSwitch(rung: AgentRung): PowerSwitch {
  const call = async (action: string, signal: AbortSignal) => {
    const options = { ...rung.options, ...rung.secrets, action };
    const lines = Object.entries(options).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${value}\n`],
    );
    return runProgram({ program: rung.name, input: lines.join(""), timeoutMs: rung.timeoutMs, signal });
  };
  return {
    async set(state, signal) {
      const code = await call(state, signal);
      if (code !== 0) throw failed(rung, `did not switch it ${state} (exit status ${code})`);
    },
    async read(signal): Promise<PowerState> {
      const code = await call("status", signal);
      if (code === 0) return "on";
      if (code === AGENT_OFF) return "off";
      throw failed(rung, `does not tell whether it is on (exit status ${code})`);
    },
  };
}

function failed({ name }: AgentRung, what: string): UnderstudyError {
  return new UnderstudyError("FENCING_FAILED", {
    what: `The agent ${basename(name)} ${what}.`,
    next: `run it by hand on the machine that runs Understudy with the same options and \`-o status\`, and see ${basename(name)}(8).`,
  });
}
