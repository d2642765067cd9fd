import type { CoordinatorConfig, EffectiveNode } from "../../config/effective.ts";
import { highestCounters, nextCounters, raiseCounters } from "../../coordinators/frame-counters.ts";
import { readNetwork } from "../../coordinators/network.ts";
import { hashNvramImage } from "../../coordinators/nvram-image.ts";
import type { NvramImage } from "../../coordinators/nvram-image.ts";
import { readCoordinatorState, writeCoordinatorState } from "../../generations/node-state.ts";
import { UnderstudyError } from "../../model/errors.ts";
import type { FrameCounters } from "../../model/frame-counters.ts";
import type { NodeAccess } from "../support/world.ts";

/**
 * Brings an image with raised counters (I3) into a node's coordinator by `write`, marked dirty for as long as that takes, so
 * that one which failed half-way is never started. What the mark says was written already by this very call is not written again.
 */
export async function writeRaised(
  at: NodeAccess,
  request: {
    image: NvramImage;
    generation: string;
    above: FrameCounters;
    write: (raised: NvramImage) => Promise<void>;
    signal: AbortSignal;
  },
): Promise<FrameCounters> {
  const { image, generation, signal } = request;
  const unproven = whyUnproven(at.node);
  if (unproven) throw new UnderstudyError("COORDINATOR_FOREIGN", { node: at.node.name, ...unproven });
  const target = nextCounters({
    dumps: [image],
    highestKnown: request.above,
    ageMs: 0,
    ratePerSecond: 0,
    margin: at.service.policy.counterMargin,
  });
  const raised = raiseCounters(image, target);
  const counters = highestCounters(raised);
  const sha256 = hashNvramImage(raised);
  const stick = stickName(at.node.coordinator);
  const mark = (state: "clean" | "dirty") =>
    writeCoordinatorState(
      at.host,
      at.node,
      {
        state,
        generation,
        ieee: readNetwork(image).coordinatorIeee ?? "unknown",
        maxFrameCounter: counters.network,
        maxLinkKeyCounter: counters.linkKeys,
        sha256,
        ...(stick === undefined ? {} : { stick }),
      },
      signal,
    );

  const before = await readCoordinatorState(at.host, at.node, signal);
  if (before?.state === "clean" && before.generation === generation && before.sha256 === sha256) return counters;
  await mark("dirty");
  await request.write(raised);
  await mark("clean");
  return counters;
}

/** Why this coordinator must not be written, whatever it holds (I11): it may not be the stick that the user has named. */
export function whyUnproven({ name, coordinator }: Pick<EffectiveNode, "name" | "coordinator">) {
  if (!coordinator.unproven) return undefined;
  return {
    what: `The stick at ${coordinator.port} does not report the serial number that coordinator.serialNumber names for ${name}, nor any other. It may be another stick, so it is not written.`,
    next: `Plug the stick with that serial number in. If this is the right one, remove coordinator.serialNumber for ${name} from understudy.yaml, and it is judged by what it holds.`,
  };
}

/** By what a coordinator is told apart from others (I11); undefined where its path could lead to any. */
export function stickName({ serialNumber, port }: CoordinatorConfig): string | undefined {
  return serialNumber ?? (port.startsWith("/") ? undefined : port);
}
