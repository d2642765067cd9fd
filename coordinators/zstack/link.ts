import { once } from "node:events";
import type { Duplex } from "node:stream";
import { ForwardRefused, type Host } from "../../hosts/host.ts";
import { openSession, type Session } from "../../hosts/open-session.ts";
import { portError, type Place, type PortFailure } from "./failures.ts";
import { HOLD_SCRIPT, PORT_STATUS, READY, SERIAL_SCRIPT } from "./serial-script.ts";

export interface LinkOptions {
  /** A serial device of the node, or `tcp://host:port` as the node sees it. */
  readonly port: string;
  readonly privileged: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The way to a coordinator, for one program at a time. */
export interface Link {
  readonly stream: Duplex;
  /** Why the stream has closed, when we did not close it. */
  failure(): Promise<unknown>;
  /** Gives the port free. Rejects where the node cannot say that it is. */
  close(): Promise<void>;
}

/** Longer than any sequence takes: a whole replacement is about a minute on a slow stick. */
const LONGEST_S = 180;

const FAILURES: Readonly<Record<number, PortFailure>> = {
  [PORT_STATUS.missing]: "missing",
  [PORT_STATUS.denied]: "denied",
  [PORT_STATUS.busy]: "busy",
  [PORT_STATUS.gone]: "gone",
  [PORT_STATUS.toolMissing]: "tool-missing",
};

/**
 * Opens the way to a coordinator over the connection to its node: a serial port with its lock, or a connection that the node's
 * SSH server forwards. Exclusive on the node. The port's lock ends with the connection.
 * @throws UnderstudyError COORDINATOR_MISSING, COORDINATOR_BUSY, COORDINATOR_TOOL_MISSING, PRIVILEGE_REFUSED,
 *   NODE_NOT_UNDERSTOOD where forwarding is forbidden, and what Host.run throws.
 */
export async function openLink(host: Host, options: LinkOptions): Promise<Link> {
  const place = { node: host.name, port: options.port };
  const network = /^tcp:\/\/(.+):(\d+)$/.exec(options.port);
  const session = openSession(host, network ? HOLD_SCRIPT : SERIAL_SCRIPT, {
    args: network ? [] : [options.port, String(LONGEST_S)],
    privileged: options.privileged,
    exclusive: true,
    timeoutMs: (LONGEST_S + 20) * 1000,
    signal: options.signal,
  });
  await begun(session, place);
  if (!network) return { stream: session.stream, failure: () => reason(session, place), close: () => session.close() };
  const target = { host: (network[1] ?? "").replace(/^\[|\]$/g, ""), port: Number(network[2]) };
  try {
    return networkLink(session, await host.forward(target, options.signal), place);
  } catch (error) {
    await session.close();
    if (!(error instanceof ForwardRefused)) throw error;
    throw portError(place, error.reason === "forbidden" ? "forbidden" : "missing");
  }
}

/** What the node's lock and the connection to the coordinator are together; either one's end is the other's. */
function networkLink(session: Session, stream: Duplex, place: Place): Link {
  stream.on("error", () => undefined);
  const lost = (): void => void stream.destroy();
  session.ended.then(lost, lost);
  return {
    stream,
    failure: () => Promise.race([reason(session, place), gone(stream, place)]),
    close: async () => {
      stream.destroy();
      await session.close();
    },
  };
}

async function gone(stream: Duplex, place: Place): Promise<unknown> {
  if (!stream.closed) await once(stream, "close");
  // Where the node itself was lost, the session's own reason comes about now, and is the better one.
  await new Promise((resolve) => setTimeout(resolve, 100));
  return portError(place, "gone");
}

/** Waits for the script's first line. What follows it is the coordinator's. */
async function begun({ stream, ended }: Session, place: Place): Promise<void> {
  const failed = ended.then(({ code }) => {
    throw portError(place, FAILURES[code] ?? "missing");
  });
  failed.catch(() => undefined);
  let text = Buffer.alloc(0);
  while (text.length < READY.length) {
    const chunk = stream.read() as Buffer | null;
    if (chunk) text = Buffer.concat([text, chunk]);
    else await Promise.race([once(stream, "readable"), failed]);
  }
  if (text.length > READY.length) stream.unshift(text.subarray(READY.length));
}

async function reason(session: Session, place: Place): Promise<unknown> {
  try {
    const { code } = await session.ended;
    return portError(place, FAILURES[code] ?? "gone");
  } catch (error) {
    return error;
  }
}
