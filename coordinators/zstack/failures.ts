import { UnderstudyError, type ErrorId } from "../../model/errors.ts";

/** Where a coordinator is, for error texts. */
export interface Place {
  readonly node: string;
  /** A serial device, or `tcp://host:port`. */
  readonly port: string;
}

/** Why no conversation with a coordinator is possible, or no more. */
export type PortFailure = "missing" | "denied" | "busy" | "gone" | "tool-missing" | "forbidden";

const PORT_FAILURES: Readonly<
  Record<PortFailure, { readonly id: ErrorId; readonly what: string; readonly next: string }>
> = {
  missing: {
    id: "COORDINATOR_MISSING",
    what: "there is none.",
    next: "plug it in, or correct the path (compare with /dev/serial/by-id).",
  },
  gone: {
    id: "COORDINATOR_MISSING",
    what: "it disappeared while it was being worked with.",
    next: "check the plug and the cable, then try again.",
  },
  denied: {
    id: "PRIVILEGE_REFUSED",
    what: "the user may not open its port.",
    next: "add the user to the group that owns the port (dialout, uucp), or configure sudo or doas for the node.",
  },
  busy: {
    id: "COORDINATOR_BUSY",
    what: "another program has its port.",
    next: "stop Zigbee2MQTT or whatever uses the coordinator on this node, then try again.",
  },
  "tool-missing": {
    id: "COORDINATOR_TOOL_MISSING",
    what: "stty, dd or flock is not there to reach it with.",
    next: "install coreutils and util-linux (or busybox with them) on the node.",
  },
  forbidden: {
    id: "NODE_NOT_UNDERSTOOD",
    what: "the node's SSH server forwards no connections.",
    next: "set AllowTcpForwarding to yes or local in the node's sshd_config, or set coordinator.driver to zigpy-znp.",
  },
};

/** A conversation that was not possible. */
export function portError(place: Place, failure: PortFailure): UnderstudyError {
  const { id, what, next } = PORT_FAILURES[failure];
  return coordinatorError(place, id, what, next);
}

/** An error about the coordinator at a place; `what` goes on after "The coordinator at …:". */
export function coordinatorError(place: Place, id: ErrorId, what: string, next: string): UnderstudyError {
  return new UnderstudyError(id, { node: place.node, what: `The coordinator at ${place.port}: ${what}`, next });
}
