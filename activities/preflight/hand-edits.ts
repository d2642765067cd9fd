import { describeEdits, findHandEdits } from "../../generations/hand-edits.ts";
import type { Finding } from "../../workflows/contract.ts";
import type { NodeAccess } from "../support/world.ts";
import { passed, refused } from "./check.ts";

const CHECK = "hand-edits";

/**
 * Whether somebody has changed the standby's files since it was left: they are replaced by the active node's. `mayReplace`: a
 * person agreed, or nobody can be asked; they are kept on the standby all the same.
 */
export async function checkHandEdits(
  { host, node }: NodeAccess,
  { active, mayReplace }: { active: string | undefined; mayReplace: boolean },
  signal: AbortSignal,
): Promise<Finding> {
  const edits = await findHandEdits(host, node, signal);
  if (!edits) return passed(CHECK, node.name, "how its files were left is not known; its configuration is kept there");
  const words = describeEdits(edits);
  if (words === "") return passed(CHECK, node.name, "nobody has changed its files since it was left");
  if (mayReplace)
    return passed(
      CHECK,
      node.name,
      `somebody has changed its files by hand, which are replaced and kept there: ${words}`,
    );
  return refused(
    CHECK,
    node.name,
    `Somebody has changed the standby's files by hand since it was left: ${words}. They would be replaced by those of ${active ?? "the active node"}.`,
    `Make the change on ${active ?? "the active node"}, or below set: of the node where it is for ${node.name} alone; then, or to drop it, add --accept-edits: what is replaced is kept on ${node.name}.`,
  );
}
