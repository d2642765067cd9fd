import type { HandoverActivities } from "./activity-types.ts";

type Describe = (input: { node?: string; from?: string; to?: string; service?: string }) => string;

/** What each activity does, in words, for whoever reads a run in the Temporal UI. */
const SUMMARIES: Record<keyof HandoverActivities, Describe> = {
  openHandover: ({ service }) => `Register with the service ${service}`,
  announceHandover: ({ service }) => `Tell the service ${service} that it begins`,
  closeHandover: ({ service }) => `Tell the service ${service} the verdict`,
  settleHandover: ({ service }) => `Tell the service ${service} that the earlier handover is settled`,
  preflight: () => "Check everything before the first change",
  readFacts: () => "Ask the nodes what they do",
  stopNode: ({ node }) => `Stop the service on ${node}`,
  silenceNode: ({ node }) => `Silence ${node}'s radio`,
  dumpNvram: ({ node }) => `Read ${node}'s coordinator and files`,
  transferFile: ({ from, to }) => `Copy the generation from ${from} to ${to}`,
  restoreNvram: ({ node }) => `Write and verify ${node}'s coordinator`,
  applyConfig: ({ node }) => `Put the files in place on ${node}`,
  startNode: ({ node }) => `Start the service on ${node}`,
  proveNode: ({ node }) => `See that ${node} serves`,
  raiseCounters: ({ node }) => `Raise the frame counters of ${node}'s coordinator`,
  leaveClean: ({ node }) => `Leave ${node} clean`,
  undoApplyConfig: ({ node }) => `Put ${node}'s files back`,
  undoTransferFile: ({ node }) => `Remove from ${node} what was transferred`,
};

export function summaryOf(name: keyof HandoverActivities, input: Parameters<Describe>[0]): string {
  return SUMMARIES[name](input);
}
