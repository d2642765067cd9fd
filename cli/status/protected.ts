import type { Protection } from "../../config/protection.ts";
import type { ServiceState } from "../../workflows/contract.ts";

/** Whether a service is protected right now, in a sentence that goes on after its name: by its ladders, and by what it may do. */
export function protectedNow(state: ServiceState, { summary }: Protection): string {
  const idle = idleBecause(state);
  return idle ? `not protected: ${idle}` : summary.charAt(0).toLowerCase() + summary.slice(1);
}

/** Why nothing would be taken over by itself, whatever the ladders can do. */
function idleBecause({ mode, paused, stopped, blocked, holder, copies }: ServiceState): string | undefined {
  if (mode === "observe") return "it observes only (understudy arm)";
  if (paused) return "it is paused (understudy resume)";
  if (stopped) return "it is stopped (understudy service start)";
  if (blocked) return "automatic handovers are blocked";
  const hasCopy = Object.keys(copies).some((node) => node !== holder);
  return hasCopy ? undefined : "no standby holds a copy yet (understudy sync)";
}
