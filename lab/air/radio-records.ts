/** An application frame that a device accepted. */
export interface ReceivedFrame {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Name of the stick that sent it. */
  readonly dongle: string;
  readonly profileId: number;
  readonly clusterId: number;
}

/** What happened to a device since it was made or restored. */
export interface RadioCounts {
  /** Associations as a new device. */
  joins: number;
  /** Network and trust center rejoins. */
  rejoins: number;
  /** Frames for it that it dropped because the network counter was not above the last. */
  droppedReplays: number;
  /** The same for the counter under its link key. */
  droppedLinkReplays: number;
  /** Frames on its channel and PAN under another key. */
  droppedForeign: number;
  sent: number;
  /** Sent frames that nobody acknowledged. */
  unacknowledged: number;
}

export function noCounts(): RadioCounts {
  return {
    joins: 0,
    rejoins: 0,
    droppedReplays: 0,
    droppedLinkReplays: 0,
    droppedForeign: 0,
    sent: 0,
    unacknowledged: 0,
  };
}
