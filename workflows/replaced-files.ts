import type { Applied } from "./activity-types.ts";

const SHOWN = 6;

/** For the step: how many files were put in place, and what was kept of those that were there. */
export function appliedInWords({ files, replaced }: Applied): string {
  if (!replaced) return `${files} files`;
  const whose = replaced.byHand ? "what was changed there by hand" : "the earlier one";
  return `${files} files; ${whose} is kept in ${replaced.directory}: ${shorten(replaced.files)}`;
}

/** For the verdict: nobody's work is lost silently. Empty where nothing that a person had changed was replaced. */
export function keptOnNode({ replaced }: Applied, node: string): string {
  if (!replaced?.byHand) return "";
  return ` What somebody had changed by hand in its files was replaced, and is kept on ${node} in ${replaced.directory}: ${shorten(replaced.files)}.`;
}

function shorten(files: readonly string[]): string {
  const more = files.length - SHOWN;
  return more > 0 ? `${files.slice(0, SHOWN).join(", ")} and ${more} more` : files.join(", ");
}
