import { z } from "zod";
import type { CoordinatorReset } from "../config/coordinator-reset.ts";
import type { Host, RunResult } from "../hosts/host.ts";
import { UnderstudyError } from "../model/errors.ts";
import { RESET_LINE_SCRIPT } from "./reset-line-script.ts";
import { USB_PORT_SCRIPT, usbPortArguments } from "./usb-port-script.ts";

export interface ResetOptions {
  readonly reset: CoordinatorReset;
  /** A serial device, or `tcp://host:port`. */
  readonly port: string;
  /** Python 3 on the node. */
  readonly python: string;
  readonly signal?: AbortSignal | undefined;
  /** For tests: other times and another sysfs. */
  readonly usb?: { readonly sys?: string; readonly offMs?: number; readonly rescueMs?: number };
  /** How long the stick may take to be there again. Default 15 s. */
  readonly returnMs?: number;
}

/** Long enough for what a stick keeps in its capacitors. */
const OFF_MS = 3_000;
/** Later than any orderly end, so that it interferes with none. */
const RESCUE_MS = 20_000;
const RETURN_MS = 15_000;
const SWITCH_TIMEOUT_MS = 40_000;
const COMMAND_TIMEOUT_MS = 60_000;

interface Words {
  readonly what: string;
  readonly next: string;
}

const AS_IT_IS = "give the coordinator another kind of reset, or none: then a standby takes over.";

const LINE_FAILURES: Readonly<Record<string, Words>> = {
  missing: { what: "its serial port cannot be opened: no such device.", next: "plug the coordinator in." },
  gone: { what: "it disappeared while its line was pulled.", next: "check the plug and the cable." },
  denied: {
    what: "the user may not open its serial port.",
    next: "add the user to the group that owns the port (dialout, uucp), or configure sudo or doas for the node.",
  },
  busy: { what: "another program has its serial port.", next: "end whatever uses the coordinator on this node." },
  "no-lines": { what: "its serial adapter has no modem lines.", next: AS_IT_IS },
};

const USB_FAILURES: Readonly<Record<string, Words>> = {
  "no-switch": {
    what: "the node has neither uhubctl nor a kernel (6.0 or later) that can switch this USB port.",
    next: "install uhubctl on the node, compare usbPort with `uhubctl` there, or choose another kind of reset.",
  },
  elsewhere: {
    what: "it is not plugged into the USB port that coordinator.reset names, so no power was cut.",
    next: "correct usbPort: `readlink -f /sys/class/tty/ttyUSB0/device` on the node shows it, as in …/1-1.2/….",
  },
  refused: { what: "the power of its USB port could not be switched off.", next: AS_IT_IS },
  stayed: {
    what: "it stayed plugged in while its USB port had no power: the hub does not switch it, or another port was named.",
    next: "see which hubs switch single ports (uhubctl lists them), or choose another kind of reset.",
  },
  "left-off": {
    what: "its USB port could not be switched on again.",
    next: "plug the coordinator out and in, or switch the port on by hand.",
  },
};

const lineReport = z.object({ outcome: z.string() });

/**
 * Makes a coordinator that does not answer boot, with whatever the user configured, and waits until it is plugged in again.
 * Whether it answers then is for the caller to see. Nothing may use it meanwhile. Done again, it does no harm; ended half-way,
 * it leaves the stick with power. Takes up to 20 s.
 * @throws UnderstudyError COORDINATOR_NOT_RESET, and what Host.run throws.
 */
export async function resetCoordinator(host: Host, options: ResetOptions): Promise<void> {
  const failed = (words: Words) =>
    new UnderstudyError("COORDINATOR_NOT_RESET", {
      node: host.name,
      what: `The coordinator at ${options.port}: ${words.what}`,
      next: words.next,
    });
  const { reset, port } = options;
  const isStick = port.startsWith("/");
  if (!isStick && reset.kind !== "command")
    throw failed({ what: "it is on the network, and has neither a line nor a USB port here.", next: AS_IT_IS });
  const words = await FORCES[reset.kind](host, options);
  if (words) throw failed(words);
  if (isStick && !(await returns(host, options)))
    throw failed({
      what: "it did not come back after its reset.",
      next: "look whether it is plugged in and has power.",
    });
}

/** Each says what went wrong, if anything did. */
const FORCES: Readonly<
  Record<CoordinatorReset["kind"], (host: Host, options: ResetOptions) => Promise<Words | undefined>>
> = {
  line: pullLine,
  "usb-port": switchPort,
  command: runCommand,
};

async function pullLine(host: Host, { python, port, signal }: ResetOptions): Promise<Words | undefined> {
  const { code, stdout } = await host.run('exec "$1" - "$2"', {
    args: [python, port],
    input: Buffer.from(RESET_LINE_SCRIPT),
    privileged: true,
    exclusive: true,
    signal,
  });
  const outcome = outcomeOf(stdout);
  if (outcome === "done") return undefined;
  return (
    LINE_FAILURES[outcome ?? ""] ?? {
      what: `the script that pulls its reset line ended with status ${code}.`,
      next: "set the node's coordinator.python to a Python 3 interpreter.",
    }
  );
}

function outcomeOf(stdout: Buffer): string | undefined {
  try {
    return lineReport.safeParse(JSON.parse(stdout.toString("utf8"))).data?.outcome;
  } catch {
    return undefined;
  }
}

async function switchPort(host: Host, { reset, port, signal, usb = {} }: ResetOptions): Promise<Words | undefined> {
  if (reset.kind !== "usb-port") return undefined;
  const { hub, number, directory } = usbPortArguments(reset.usbPort);
  const seconds = (ms: number) => String(ms / 1000);
  const times = [seconds(usb.offMs ?? OFF_MS), seconds(usb.rescueMs ?? RESCUE_MS)];
  const { code, stdout } = await host.run(USB_PORT_SCRIPT, {
    args: [usb.sys ?? "/sys", reset.usbPort, hub, number, directory, port, ...times],
    privileged: true,
    exclusive: true,
    timeoutMs: SWITCH_TIMEOUT_MS,
    signal,
  });
  const outcome = stdout.toString("utf8").trim();
  if (outcome === "done") return undefined;
  return USB_FAILURES[outcome] ?? { what: `switching its USB port ended with status ${code}.`, next: AS_IT_IS };
}

/** The user's own command is a script too, so it arrives as an argument. */
async function runCommand(host: Host, { reset, signal }: ResetOptions): Promise<Words | undefined> {
  if (reset.kind !== "command") return undefined;
  const { code } = await commandResult(host, reset.command, signal);
  if (code === 0) return undefined;
  return {
    what: `the command of coordinator.reset ended with exit status ${code}.`,
    next: "run it by hand on the node.",
  };
}

function commandResult(host: Host, command: string, signal: AbortSignal | undefined): Promise<RunResult> {
  return host.run('eval "$1" >/dev/null 2>&1 </dev/null', {
    args: [command],
    privileged: true,
    exclusive: true,
    timeoutMs: COMMAND_TIMEOUT_MS,
    signal,
  });
}

async function returns(host: Host, { port, returnMs = RETURN_MS, signal }: ResetOptions): Promise<boolean> {
  const script = 'i=0; until [ -e "$1" ]; do [ $i -lt "$2" ] || exit 1; i=$((i+1)); sleep 1; done';
  const { code } = await host.run(script, {
    args: [port, String(Math.ceil(returnMs / 1000))],
    privileged: true,
    timeoutMs: returnMs + 10_000,
    signal,
  });
  return code === 0;
}
