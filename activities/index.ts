import type { HandoverActivities, WatchActivities } from "../workflows/activity-types.ts";
import { applyConfig } from "./apply-config.ts";
import { dumpNvram } from "./dump-nvram.ts";
import { leaveClean } from "./leave-clean.ts";
import { preflight } from "./preflight.ts";
import { proveNode } from "./prove-node.ts";
import { raiseCounters } from "./raise-counters.ts";
import { readFacts } from "./read-facts.ts";
import { restoreNvram } from "./restore-nvram.ts";
import { serviceActivities } from "./service-link.ts";
import { silenceNode } from "./silence-node.ts";
import { startNode } from "./start-node.ts";
import { stopNode } from "./stop-node.ts";
import type { World } from "./support/world.ts";
import { transferFile } from "./transfer-file.ts";
import { undoApplyConfig, undoTransferFile } from "./undo.ts";

/** All activities of a worker. */
export function createActivities(world: World): HandoverActivities & WatchActivities {
  return {
    ...serviceActivities(world.client, world.taskQueue),
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
  };
}
