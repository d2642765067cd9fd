import type { FenceProof } from "../model/fence.ts";

/**
 * What a rung proves of a node with this coordinator. A stick dies with its host; a coordinator on the network has power of its
 * own, so switching off its host leaves it on the air, unless the standby uses the very same one: then there is only one radio.
 * A port that is not known counts as its peers' kind. Pure.
 *
 * @param port the coordinator as the node has it: a device, or `tcp://host:port`
 * @param peers those of the service's other nodes
 */
export function provesHere(
  proves: FenceProof,
  port: string | undefined,
  peers: readonly (string | undefined)[],
): FenceProof {
  if (proves !== "host off") return proves;
  const isOnNetwork = port === undefined ? peers.some(onNetwork) : onNetwork(port);
  if (!isOnNetwork) return proves;
  return port !== undefined && peers.every((peer) => peer === port) ? proves : "network cut";
}

/** A coordinator that is reached over the network. */
export function onNetwork(port: string | undefined): boolean {
  return port?.startsWith("tcp://") ?? false;
}
