import type { AllActivities, HandoverActivities, WatchActivities } from "../workflows/activity-types.ts";
import { applyConfig } from "./apply-config.ts";
import { captureLive } from "./capture-live.ts";
import { confirmCopies } from "./confirm-copies.ts";
import { checkFitness } from "./check-fitness.ts";
import { discardCopy } from "./discard-copy.ts";
import { dumpNvram } from "./dump-nvram.ts";
import { examine } from "./examine.ts";
import { findDisturbance } from "./find-disturbance.ts";
import { fenceNode } from "./fence-node.ts";
import { hasFencedItself } from "./fence/fenced-itself.ts";
import { fenceTestActivities } from "./fence/fence-test.ts";
import { leaveClean } from "./leave-clean.ts";
import { listenForActive } from "./listen-for-active.ts";
import { noteListening } from "./note-listening.ts";
import { preflight } from "./preflight.ts";
import { preloadCoordinator } from "./preload-coordinator.ts";
import { proveNode } from "./prove-node.ts";
import { raiseCounters } from "./raise-counters.ts";
import { readFacts } from "./read-facts.ts";
import { refreshCopy } from "./refresh-copy.ts";
import { putStateRight } from "./put-state-right.ts";
import { restartInPlace } from "./restart-in-place.ts";
import { restoreNvram } from "./restore-nvram.ts";
import { serviceActivities } from "./service-link.ts";
import { silenceNode } from "./silence-node.ts";
import { startNode } from "./start-node.ts";
import { stopNode } from "./stop-node.ts";
import type { World } from "./support/world.ts";
import { unfenceNode } from "./unfence-node.ts";
import { syncLink } from "./sync-link.ts";
import { transferFile } from "./transfer-file.ts";
import { undoApplyConfig, undoTransferFile } from "./undo.ts";

/** All activities of a worker. */
export function createActivities(world: World): Partial<AllActivities> & HandoverActivities & WatchActivities {
  return {
    ...serviceActivities(world.client, world.taskQueue),
    ...syncLink(world.client, world.taskQueue),
    captureLive: captureLive(world),
    confirmCopies: confirmCopies(world),
    preloadCoordinator: preloadCoordinator(world),
    refreshCopy: refreshCopy(world),
    findDisturbance: findDisturbance(world),
    preflight: preflight(world),
    readFacts: readFacts(world),
    stopNode: stopNode(world),
    silenceNode: silenceNode(world),
    dumpNvram: dumpNvram(world),
    transferFile: transferFile(world),
    restoreNvram: restoreNvram(world),
    applyConfig: applyConfig(world),
    startNode: startNode(world),
    proveNode: proveNode(world),
    raiseCounters: raiseCounters(world),
    leaveClean: leaveClean(world),
    undoApplyConfig: undoApplyConfig(world),
    undoTransferFile: undoTransferFile(world),
    checkFitness: checkFitness(world),
    listenForActive: listenForActive(world),
    fenceNode: fenceNode(world, { hasFencedItself: hasFencedItself(world) }),
    ...fenceTestActivities(world),
    unfenceNode: unfenceNode(world),
    discardCopy: discardCopy(world),
    examine: examine(world),
    putStateRight: putStateRight(world),
    restartInPlace: restartInPlace(world),
    noteListening: noteListening(world),
  };
}
