import { UnderstudyError } from "../model/errors.ts";
import type { Host } from "../hosts/host.ts";
import { PATTERNS, recognise, toolError } from "./zigpy-failures.ts";

/** What one station answered to a beacon request. */
export interface Beacon {
  /** Short address: 0 is a coordinator, any other a router. */
  readonly source: number;
  readonly panId: number;
  /** `0x` and 16 hex digits, as Zigbee2MQTT writes it. */
  readonly extendedPanId: string;
  readonly channel: number;
}

export interface ScanOptions {
  /** A serial device, or `tcp://host:port`. */
  readonly port: string;
  /** Python on the node that has zigpy-znp. */
  readonly python: string;
  readonly privileged: boolean;
  /** 11 to 26. */
  readonly channel: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Each pass sends one beacon request. Every router of the network answers at about the same moment, so that a single answer
 * may well be lost; a coordinator that is on the air is missed only if all its answers are.
 */
const PASSES = 8;
/** Each pass listens (2^3 + 1) * 15.36 ms = 138 ms. */
const DURATION_EXPONENT = 3;
/** It takes about 4 s on hardware: opening the port, one reset, the passes. zigpy-znp itself waits for ever. */
const TIMEOUT_MS = 30_000;

/**
 * `$1` python, then the tool's arguments. The tool logs on standard error what it reads and writes: only the words of PATTERNS
 * pass.
 */
const SCAN_SCRIPT = `
python=$1; shift
exec 3>&1
words() { sed -n ${PATTERNS.map(({ word, pattern }) => `-e '/${pattern}/s/.*/znp:${word}/p'`).join(" ")}; }
status=$(
  { { "$python" -m zigpy_znp.tools.network_scan "$@" </dev/null >&3 3>&- 4>&-; echo $? >&4; } 2>&1 | words >&2; } 4>&1
)
exit "$status"
`;

const LINE =
  /^\d+\.\d+ \[EPID: ((?:[0-9a-f]{2}:){7}[0-9a-f]{2}), PID: 0x([0-9a-f]{4}), from: 0x([0-9a-f]{4})\]: Channel= *(\d+) /i;

/**
 * Asks with a coordinator that is not started which stations of any network are on the channel, several times over. The tool
 * resets it first, so that it is silent, and starts nothing; it writes the coordinator's list of channels (CHANLIST), and puts it
 * back. Killed in between it leaves all channels there, which matters only to one that forms a network.
 * @returns each station once, nearly always; one that is lost in every pass is missing
 * @throws UnderstudyError COORDINATOR_MISSING, COORDINATOR_BUSY, COORDINATOR_UNREADABLE, COORDINATOR_TOOL_MISSING,
 *   PRIVILEGE_REFUSED, and what Host.run throws.
 */
export async function scanForBeacons(host: Host, options: ScanOptions): Promise<readonly Beacon[]> {
  const facts = { node: host.name, port: options.port, python: options.python };
  const run = host.run(SCAN_SCRIPT, {
    args: [
      options.python,
      options.port.replace(/^tcp:/, "socket:"),
      `--channels=${options.channel}`,
      `--num_scans=${PASSES}`,
      `--duration-exp=${DURATION_EXPONENT}`,
    ],
    privileged: options.privileged,
    exclusive: true,
    timeoutMs: TIMEOUT_MS,
    signal: options.signal,
  });
  const result = await run.catch((error: unknown) => {
    if (error instanceof UnderstudyError && error.id === "COMMAND_TIMED_OUT")
      throw toolError(facts, "scan", "silent", 0);
    throw error;
  });
  if (result.code !== 0) throw toolError(facts, "scan", recognise(result.stderr, result.code), result.code);
  const beacons = parseBeacons(result.stdout.toString("utf8"));
  if (beacons) return beacons;
  throw new UnderstudyError("COORDINATOR_UNREADABLE", {
    node: host.name,
    what: "What zigpy-znp's network_scan printed is not understood.",
    next: `see which version ${options.python} -m pip show zigpy-znp names, and report it.`,
  });
}

/** What the tool prints, a line a station; undefined where a line is anything else: it might have been the one that matters. */
export function parseBeacons(text: string): readonly Beacon[] | undefined {
  const beacons: Beacon[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const [, extendedPanId = "", panId = "", source = "", channel = ""] = LINE.exec(line) ?? [];
    if (channel === "") return undefined;
    beacons.push({
      source: Number.parseInt(source, 16),
      panId: Number.parseInt(panId, 16),
      extendedPanId: `0x${extendedPanId.replaceAll(":", "").toLowerCase()}`,
      channel: Number(channel),
    });
  }
  return beacons;
}
