import { HIGHEST_COUNTER } from "../../coordinators/frame-counters.ts";
import type { FrameCounters } from "../../model/frame-counters.ts";
import type { Finding } from "../../workflows/contract.ts";
import { passed, refused } from "./check.ts";

/** Left for a way back, and for the time until the network's key has been changed. */
const RESERVE = 10_000_000;

/** A counter only grows (I3), and one that has come to its end lets no device hear the coordinator any more. */
export function judgeCounters(highest: FrameCounters): Finding {
  const left = HIGHEST_COUNTER - Math.max(highest.network, highest.linkKeys);
  if (left >= RESERVE) return passed("counters", undefined, "the frame counters are far from their end");
  return refused(
    "counters",
    undefined,
    `Only ${Math.max(0, left)} frames are left until the outgoing frame counter has come to its end.`,
    "Plan a change of the network's key, after which counting begins anew: until then a handover could use up what is left.",
  );
}
