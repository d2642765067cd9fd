import { isBlank, readNetwork } from "./network.ts";
import type { NvramImage } from "./nvram-image.ts";

/** The service's network: both parts are written as Zigbee2MQTT writes them. */
export interface NetworkIdentity {
  readonly coordinatorIeee: string;
  readonly extendedPanId: string;
}

export interface StickConsent {
  /** The user has enrolled this node's stick, so a blank one may be filled. */
  readonly enrolled: boolean;
  /** The node's own mark says that Understudy was writing this stick and did not finish. */
  readonly dirty: boolean;
}

export interface Admission {
  readonly verdict: "ours" | "blank" | "blank-needs-enrolment" | "half-written" | "foreign";
  /** Whether it may be written now. */
  readonly allowed: boolean;
  /** For `blank-needs-enrolment` and `half-written`: asking the user can turn the refusal. */
  readonly ask: boolean;
  /** One sentence for the user. */
  readonly reason: string;
}

/**
 * I11: whether a standby's coordinator may be written. Ours is a stick with the network's IEEE address and extended PAN ID;
 * both, because the extended PAN ID may be one of a default's and the address stays on a stick that was used elsewhere.
 */
export function judgeStick(image: NvramImage, network: NetworkIdentity, consent: StickConsent): Admission {
  if (isBlank(image)) return judgeBlank(consent);
  const found = readNetwork(image);
  if (!found.formed) return judgeIncomplete(found.coordinatorIeee === network.coordinatorIeee, consent);
  if (found.coordinatorIeee === network.coordinatorIeee && found.extendedPanId === network.extendedPanId) {
    return { verdict: "ours", allowed: true, ask: false, reason: "The stick holds this service's network." };
  }
  return {
    verdict: "foreign",
    allowed: false,
    ask: false,
    reason: `The stick holds another network (IEEE address ${found.coordinatorIeee}, extended PAN ID ${found.extendedPanId}, channel ${found.channel}), which writing would destroy.`,
  };
}

function judgeBlank(consent: StickConsent): Admission {
  if (consent.enrolled || consent.dirty)
    return { verdict: "blank", allowed: true, ask: false, reason: "The stick is blank and enrolled." };
  return {
    verdict: "blank-needs-enrolment",
    allowed: false,
    ask: true,
    reason: "The stick is blank; it may be filled once you confirm that it is this service's spare.",
  };
}

/** Something of a network is there, but not a whole one: either our own interrupted write, or nobody knows whose. */
function judgeIncomplete(sameAddress: boolean, consent: StickConsent): Admission {
  const ours = consent.dirty || sameAddress;
  return {
    verdict: "half-written",
    allowed: ours || consent.enrolled,
    ask: !ours && !consent.enrolled,
    reason: ours
      ? "The stick was being written with this service's network and is incomplete; it will be written anew."
      : "The stick holds an incomplete network that is not known to be ours.",
  };
}
