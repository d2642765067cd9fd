import { UnderstudyError } from "../../model/errors.ts";
import type { Finding } from "../../workflows/contract.ts";
import { toFailure } from "../support/step.ts";
import type { KnownService, NodeAccess } from "../support/world.ts";

/** Who hands over to whom, once that is known. */
export interface Roles {
  readonly service: KnownService;
  readonly active: NodeAccess;
  readonly standby: NodeAccess;
  readonly signal: AbortSignal;
}

export function passed(check: string, node: string | undefined, what: string): Finding {
  return { check, ...(node ? { node } : {}), ok: true, what };
}

export function refused(check: string, node: string | undefined, what: string, next: string): Finding {
  return { check, ...(node ? { node } : {}), ok: false, what, next };
}

/** Runs one check. What it throws becomes a refusal with the error's own words: what is not known is not fit (I7). */
export async function run(
  check: string,
  node: string | undefined,
  body: () => Promise<Finding | Finding[]>,
): Promise<Finding[]> {
  try {
    const findings = await body();
    return Array.isArray(findings) ? findings : [findings];
  } catch (error) {
    if (error instanceof UnderstudyError) return [refused(check, error.node ?? node, error.what, error.next)];
    if (error instanceof Error && error.name === "AbortError") throw error;
    return [refused(check, node, toFailure(error).message, "See the worker's log.")];
  }
}
