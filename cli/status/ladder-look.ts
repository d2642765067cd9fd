import { isPower } from "../../config/fencing.ts";
import { nameRung } from "../../config/name-rung.ts";
import type { ServiceConfig } from "../../config/user-config.ts";
import { powerSwitch } from "../../fencing/make-switch.ts";
import { UnderstudyError } from "../../model/errors.ts";

/** A rung's device as it answers now. */
export interface LadderLook {
  readonly node: string;
  readonly rung: string;
  /** Undefined where it does not tell. */
  readonly reads?: "on" | "off";
  /** What is wrong with it. */
  readonly warning?: string;
}

/** Asks every device of a service's ladders whether it is on. Switches nothing. */
export async function lookAtLadders(service: ServiceConfig, signal: AbortSignal): Promise<readonly LadderLook[]> {
  const rungs = service.nodes.flatMap((node) =>
    node.fencing.filter(isPower).map((rung) => ({ node: node.name, rung })),
  );
  return Promise.all(
    rungs.map(async ({ node, rung }): Promise<LadderLook> => {
      const look = { node, rung: nameRung(rung) };
      try {
        const reads = await powerSwitch(rung).read(signal);
        return { ...look, reads, ...(reads === "off" ? { warning: `${node}: ${look.rung} reads off.` } : {}) };
      } catch (error) {
        if (!(error instanceof UnderstudyError)) throw error;
        return { ...look, warning: `${node}: ${look.rung} could not be used now. ${error.what} Next: ${error.next}` };
      }
    }),
  );
}
