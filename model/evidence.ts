/**
 * What is known about a service that may be in trouble. Facts and who saw them, never conclusions: the MQTT trigger reports
 * the first kind, the activity `examine` gathers the second from every direction, and the pure function `decide` concludes.
 */

/** What the MQTT trigger saw. It is reported when it changes, by each of several triggers, and may be late, retained or a lie. */
export interface Report {
  readonly service: string;
  /** Which trigger says it: host and process. */
  readonly observer: string;
  /** ISO 8601, by the observer's clock. */
  readonly at: string;
  /** What was seen first, in a word that the log and the decision use. */
  readonly sign:
    | "healthy"
    | "offline"
    | "no-answer"
    | "radio-silent"
    | "adapter-lost"
    | "broker-lost"
    | "stopping-by-request";
  /** The broker repeated it at our subscription: it may be an earlier life's word. */
  readonly retained: boolean;
  /** One sentence for people. */
  readonly detail: string;
}

export type Seen = "yes" | "no" | "unknown";

/** What one look from every direction found. `unknown` wherever nobody could say. */
export interface Evidence {
  /** ISO 8601, by the examiner's clock. */
  readonly at: string;
  /** The node that should serve. */
  readonly active: string;
  readonly mqtt: {
    readonly brokerReachable: Seen;
    /** Zigbee2MQTT's own word, `bridge/state`. */
    readonly bridgeState: "online" | "offline" | "none";
    /** Its process answers on MQTT (health_check says no more than that). */
    readonly processAnswers: Seen;
    /** A mains-powered router answers a `get`. `unknown` where there is none to ask. */
    readonly deviceAnswers: Seen;
    /** coordinator_check; asked only where devices are silent. */
    readonly coordinatorAnswers: Seen;
    /** The client at the broker is this node's own (bridge/info names its serial port, version, …). */
    readonly isActive: Seen;
  };
  readonly node: {
    /** SSH from the controller. */
    readonly reachable: Seen;
    readonly answersPing: Seen;
    /** What its service manager says. */
    readonly process: "running" | "stopped" | "failed" | "unknown";
    /** A person stopped it there, or asked for it: not a failure. */
    readonly stoppedOnPurpose: Seen;
    /** The stick at its port; of a coordinator on the network, whether it accepts a connection (asked only while nobody uses it). */
    readonly donglePresent: Seen;
    /** The coordinator is on the network, so the node has no stick that could be missing. */
    readonly coordinatorOnNetwork?: boolean;
    /** understudy.yaml says how its coordinator is reset when the firmware hangs. */
    readonly canReset?: boolean;
    /** Its boot is the one that the grant was given for. */
    readonly sameBoot: Seen;
    readonly brokerReachable: Seen;
    /** Why it could not be asked. */
    readonly detail?: string;
  };
  /** How each standby sees the world. */
  readonly standbys: readonly {
    readonly node: string;
    readonly reachable: Seen;
    readonly brokerReachable: Seen;
    /** The standby reaches the active node over the network. */
    readonly reachesActive: Seen;
  }[];
}

/**
 * - `nothing`: no trouble, or none that is the home's.
 * - `warn`: something is wrong that no handover would mend, or not yet.
 * - `restart`: start the service again where it is.
 * - `takeOver`: a standby is to serve.
 * - `askPerson`: the facts do not allow any action; a person has to decide.
 */
export interface Decision {
  readonly action: "nothing" | "warn" | "restart" | "takeOver" | "askPerson";
  /** One sentence: which facts led to it. */
  readonly because: string;
  /** Look again after this time, in ms; without it when something new is reported. */
  readonly lookAgainMs?: number;
  /** It serves, but a late will has left `offline` on MQTT, which Home Assistant believes: that is to be put right. */
  readonly putStateRight?: true;
  /** With `restart`: the coordinator is reset in between, because its firmware hangs. */
  readonly reset?: true;
}
