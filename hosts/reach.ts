import { spawn } from "node:child_process";
import { connect } from "node:net";
import { addAbortSignal, type Duplex } from "node:stream";
import type { Seen } from "../model/evidence.ts";
import { ForwardRefused, type Host } from "./host.ts";

/** Whether one machine reaches another over the network. Nothing here rejects: what could not be found out is `unknown`. */

/** Errors of our own side: they say nothing about the machine that was asked. */
const OUR_OWN_FAULTS: readonly string[] = [
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "EMFILE",
];
/** A machine that refuses a connection, or breaks it off, lives. */
const REFUSALS: readonly string[] = ["ECONNREFUSED", "ECONNRESET"];

/**
 * Whether the machine answers at all: by `ping`, where this machine has that program and may use it, or by accepting or
 * refusing a TCP connection to the port.
 */
export async function machineAnswers(
  machine: { readonly host: string; readonly port: number },
  timeoutMs: number,
): Promise<Seen> {
  const [pinged, connected] = await Promise.all([ping(machine.host, timeoutMs), connects(machine, timeoutMs)]);
  if (pinged === "yes" || connected === "yes") return "yes";
  return pinged === "no" || connected === "no" ? "no" : "unknown";
}

/** One echo request. `unknown` where there is no usable `ping`. */
function ping(host: string, timeoutMs: number): Promise<Seen> {
  if (host.startsWith("-")) return Promise.resolve("unknown");
  return new Promise((resolve) => {
    const seconds = String(Math.max(1, Math.ceil(timeoutMs / 1000)));
    const child = spawn("ping", ["-c", "1", "-W", seconds, host], { stdio: "ignore", timeout: timeoutMs + 500 });
    child.once("error", () => resolve("unknown"));
    // 1: no answer. Everything else is ping's own trouble: no permission, no such name.
    child.once("exit", (code) => resolve(code === 0 ? "yes" : code === 1 ? "no" : "unknown"));
  });
}

function connects({ host, port }: { host: string; port: number }, timeoutMs: number): Promise<Seen> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (seen: Seen) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(seen);
    };
    const timer = setTimeout(() => end("no"), timeoutMs);
    socket.once("connect", () => end("yes"));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const code = error.code ?? "";
      end(REFUSALS.includes(code) ? "yes" : OUR_OWN_FAULTS.includes(code) ? "unknown" : "no");
    });
  });
}

/**
 * `sys.argv`: host, port, seconds, what the other side must say first (may be empty). Exits 0: it does, 3: it does not,
 * 4: the name is not known.
 */
const CONNECT = `
import socket, sys
host, port, seconds, greeting = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4].encode()
try:
    with socket.create_connection((host, port), seconds) as s:
        s.settimeout(seconds)
        sys.exit(0 if not greeting or s.recv(len(greeting), socket.MSG_WAITALL) == greeting else 3)
except socket.gaierror:
    sys.exit(4)
except OSError:
    sys.exit(3)
`;

export interface ReachOptions {
  readonly python: string;
  readonly timeoutMs: number;
  /** What the other side says by itself when it works: a frozen machine still accepts connections. */
  readonly greeting?: string;
  readonly signal?: AbortSignal;
}

/** Whether a node can connect to a port elsewhere, and is greeted there if that is asked for. */
export async function nodeReaches(
  node: Host,
  target: { readonly host: string; readonly port: number },
  options: ReachOptions,
): Promise<Seen> {
  const seconds = String(options.timeoutMs / 1000);
  const args = [options.python, CONNECT, target.host, String(target.port), seconds, options.greeting ?? ""];
  try {
    const { code } = await node.run('"$1" -c "$2" "$3" "$4" "$5" "$6"', {
      args,
      timeoutMs: 2 * options.timeoutMs + 1_000,
      signal: options.signal,
    });
    if (code === 126 || code === 127) return await forwardReaches(node, target, options);
    return code === 0 ? "yes" : code === 3 ? "no" : "unknown";
  } catch {
    return "unknown";
  }
}

/** As nodeReaches, through the node's SSH server, where there is no Python. */
async function forwardReaches(
  node: Host,
  target: { readonly host: string; readonly port: number },
  options: ReachOptions,
): Promise<Seen> {
  const limit = AbortSignal.timeout(2 * options.timeoutMs);
  const signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
  try {
    const stream = await node.forward(target, signal);
    const greeted = await greets(stream, options.greeting ?? "", signal);
    stream.destroy();
    return greeted ? "yes" : "no";
  } catch (error) {
    // A name that the node does not know, and a network that it has not, say nothing about the target.
    if (error instanceof ForwardRefused) return error.reason === "unreachable" ? "no" : "unknown";
    return limit.aborted ? "no" : "unknown";
  }
}

async function greets(stream: Duplex, greeting: string, signal: AbortSignal): Promise<boolean> {
  if (greeting === "") return true;
  let said = "";
  stream.on("error", () => undefined);
  for await (const chunk of addAbortSignal(signal, stream) as AsyncIterable<Buffer>) {
    said += chunk.toString("latin1");
    if (said.length >= greeting.length) return said.startsWith(greeting);
  }
  return false;
}

/** Where a URL's server listens. `undefined` where it does not say. */
export function addressOf(url: string): { host: string; port: number } | undefined {
  const ports: Readonly<Record<string, number>> = { "mqtt:": 1883, "mqtts:": 8883, "ws:": 80, "wss:": 443 };
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port } = new URL(url);
  const number = port === "" ? ports[protocol] : Number(port);
  if (hostname === "" || number === undefined) return undefined;
  return { host: hostname.replace(/^\[|\]$/g, ""), port: number };
}
