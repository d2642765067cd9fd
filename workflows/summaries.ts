import type { AllActivities } from "./activity-types.ts";

type Describe = (input: { node?: string; from?: string; to?: string; service?: string; reset?: true }) => string;

/** What each activity does, in words, for whoever reads a run in the Temporal UI. */
const SUMMARIES: Record<keyof AllActivities, Describe> = {
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
  checkFitness: () => "Check whether a standby could take over",
  fenceNode: ({ node }) => `Prove that ${node} no longer serves`,
  unfenceNode: ({ node }) => `Give ${node} its power back`,
  listenForActive: ({ node }) => `Listen on ${node}'s radio whether the old one is on the air`,
  confirmCopies: ({ service }) => `See whether the copies of ${service} are what its active node holds`,
  captureLive: ({ service }) => `Copy what a standby of ${service} needs, if something changed`,
  refreshCopy: ({ node }) => `See to ${node}'s copy and its idle coordinator`,
  preloadCoordinator: ({ node }) => `Write ${node}'s idle coordinator ahead of time`,
  noteListening: ({ node }) => `Let ${node}'s idle radio listen for the active one`,
  noteCopy: ({ node }) => `Tell the service what ${node} holds`,
  askService: ({ service }) => `Ask the service ${service} what it knows`,
  findDisturbance: ({ node }) => `See whether devices join ${node} or are updated`,
  cancelSync: () => "End a sync that is under way",
  planFenceTest: ({ node }) => `See what a fence test of ${node} has to prove`,
  fenceTestOff: ({ node }) => `Switch ${node} off by this rung alone`,
  fenceTestOn: ({ node }) => `Give ${node} its power back and see it boot`,
  discardCopy: ({ node }) => `Throw ${node}'s copy away`,
  examine: () => "Look at the service from every direction",
  putStateRight: ({ service }) => `Put the retained state of ${service} right`,
  restartInPlace: ({ node, reset }) =>
    reset ? `Reset the coordinator of ${node} and start the service again` : `Start the service again on ${node}`,
  awaitHandoverEnd: () => "Wait until the handover has ended",
};

export function summaryOf(name: keyof AllActivities, input: Parameters<Describe>[0]): string {
  return SUMMARIES[name](input);
}
