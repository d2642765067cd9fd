import { judgeStick } from "../../coordinators/admission.ts";
import { highestCounters } from "../../coordinators/frame-counters.ts";
import { readCoordinatorState } from "../../generations/node-state.ts";
import type { Manifest } from "../../generations/generation.ts";
import { UnderstudyError } from "../../model/errors.ts";
import { NO_COUNTERS, highestOf } from "../../model/frame-counters.ts";
import type { FrameCounters } from "../../model/frame-counters.ts";
import type { Takeover } from "../../workflows/activity-types.ts";
import type { Finding } from "../../workflows/contract.ts";
import { isOnNetwork, sharedCoordinator } from "../node/listen.ts";
import { stickName, whyUnproven } from "../node/write-coordinator.ts";
import { passed, refused } from "../preflight/check.ts";
import type { NodeAccess, World } from "../support/world.ts";

/**
 * The standby's idle coordinator: it answers, it is ours (I11), and what has to be written to it. Where the node's own mark
 * tells what it holds, it is only reset, which takes a second and leaves it silent; else the whole of it is read.
 */
export async function checkCoordinator(
  world: World,
  at: NodeAccess,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<{ findings: Finding[]; write?: Takeover["write"]; counters: FrameCounters }> {
  const { host, node, coordinator } = at;
  const unproven = whyUnproven(node);
  if (unproven) return { findings: [refused("stick", node.name, unproven.what, unproven.next)], counters: NO_COUNTERS };
  const mark = await readCoordinatorState(host, node, signal);
  const shared = isOnNetwork(at) ? await whyShared(world, at, mark?.preloaded !== undefined) : undefined;
  if (shared) {
    const what = `its coordinator is not touched before the old node is off: ${shared}`;
    return { findings: [passed("stick", node.name, what)], write: "own counters", counters: NO_COUNTERS };
  }
  const stick = stickName(node.coordinator);
  const isKnown =
    mark !== undefined && stick !== undefined && mark.stick === stick && mark.ieee === manifest.summary.coordinatorIeee;
  const whole = manifest.nvram ? "image" : "network";
  const counters = mark ? { network: mark.maxFrameCounter, linkKeys: mark.maxLinkKeyCounter } : NO_COUNTERS;
  if (isKnown) {
    const { deviceState } = await coordinator.silence(signal);
    const isLoaded = mark.state === "clean" && mark.generation === manifest.id && manifest.nvram !== undefined;
    const what = isLoaded
      ? "its coordinator holds the copy's network"
      : "its coordinator is ours and has to be written";
    return {
      findings: [passed("stick", node.name, `${what}; it answers and is silent (device state ${deviceState})`)],
      write: isLoaded ? "counters" : whole,
      counters,
    };
  }
  const image = await coordinator.dump(signal);
  await coordinator.silence(signal);
  const network = manifest.summary;
  const admission = judgeStick(image, network, { enrolled: false, dirty: mark?.state === "dirty" });
  if (!admission.allowed) {
    return {
      findings: [
        refused(
          "stick",
          node.name,
          admission.reason,
          "Plug this node's own stick in. A blank one becomes a spare with a switchover while the service runs: --enrol-blank-stick.",
        ),
      ],
      counters,
    };
  }
  return {
    findings: [passed("stick", node.name, `${admission.reason.replace(/\.$/, "")}; it has to be written`)],
    write: whole,
    counters: highestOf(counters, highestCounters(image)),
  };
}

/**
 * Why a coordinator on the network may be the one that the lost node uses. Where that node cannot be asked, one that was written
 * ahead of time is the standby's own, since a shared one never is.
 */
async function whyShared(world: World, at: NodeAccess, wasPreloaded: boolean): Promise<string | undefined> {
  try {
    return await sharedCoordinator(world, at);
  } catch (error) {
    if (!(error instanceof UnderstudyError)) throw error;
    return wasPreloaded ? undefined : "it is not known whether another node has the same coordinator";
  }
}
