import { UnderstudyError } from "../model/errors.ts";
import type { Host, RunResult } from "../hosts/host.ts";
import type { Coordinator } from "./coordinator.ts";
import { compareImages, comparePartial, requireEqual } from "./image-diff.ts";
import { namesOf, pick } from "./item-names.ts";
import { parseNvramImage, serializeNvramImage, type NvramImage } from "./nvram-image.ts";
import { scanForBeacons } from "./scan.ts";
import { silenceCoordinator } from "./silence.ts";
import { PATTERNS, recognise, toolError, TOOLS, type ToolStep } from "./zigpy-failures.ts";

export interface ZigpyOptions {
  /** A serial device, or `tcp://host:port`. */
  readonly port: string;
  /** Python on the node that has zigpy-znp. */
  readonly python: string;
  /** Whether the port needs the node's configured privilege. Default true. */
  readonly privileged?: boolean;
}

/** One tool takes 9-25 s on hardware (about 1250 requests of 7-20 ms). */
const TOOL_TIMEOUT_MS = 120_000;

/**
 * Runs zigpy-znp's tools one after the other; `$1` python, `$2` port, then the tools by name. What is to be written comes on
 * standard input and what is read leaves on standard output, so no key ever lies in a file of the node. The tools log every
 * item with its value on standard error: only the words of PATTERNS pass, and `step:` names the tool that failed.
 */
const TOOLS_SCRIPT = `
python=$1 port=$2; shift 2
exec 3>&1
words() { sed -n ${PATTERNS.map(({ word, pattern }) => `-e '/${pattern}/s/.*/znp:${word}/p'`).join(" ")}; }
for tool in "$@"; do
  set -- "$port"
  case $tool in
    nvram_write) set -- "$port" -i - ;;
    network_restore) set -- "$port" -i - -c 0 ;;
  esac
  status=$(
    { {
      case $tool in
        nvram_write | network_restore) "$python" -m "zigpy_znp.tools.$tool" "$@" >&3 3>&- 4>&- ;;
        *) "$python" -m "zigpy_znp.tools.$tool" "$@" </dev/null >&3 3>&- 4>&- ;;
      esac
      echo $? >&4
    } 2>&1 | words >&2; } 4>&1
  )
  [ "$status" = 0 ] || { echo "step:$tool" >&2; exit "$status"; }
done
`;

/**
 * A coordinator reached with zigpy-znp on the node, as `dump`, `replace` and `write` need it, and with our own script for
 * `silence`. Each call is exclusive on the node and opens the port anew; nothing starts the stack.
 */
export function zigpyCoordinator(host: Host, options: ZigpyOptions): Coordinator {
  const privileged = options.privileged ?? true;
  const facts = { node: host.name, port: options.port, python: options.python };

  async function runTools(
    steps: readonly ToolStep[],
    input: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    const run = host.run(TOOLS_SCRIPT, {
      args: [options.python, options.port.replace(/^tcp:/, "socket:"), ...steps.map((step) => TOOLS[step])],
      input: input === undefined ? undefined : Buffer.from(input),
      privileged,
      exclusive: true,
      timeoutMs: TOOL_TIMEOUT_MS * steps.length,
      signal,
    });
    const result = await run.catch((error: unknown) => {
      if (error instanceof UnderstudyError && error.id === "COMMAND_TIMED_OUT")
        throw toolError(facts, input === undefined ? "read" : "write", "silent", 0);
      throw error;
    });
    if (result.code !== 0)
      throw toolError(facts, failedStep(result), recognise(result.stderr, result.code), result.code);
    return result.stdout.toString("utf8");
  }

  async function runForImage(
    steps: readonly ToolStep[],
    input: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<NvramImage> {
    return parseNvramImage(await runTools(steps, input, signal));
  }

  async function dump(signal?: AbortSignal): Promise<NvramImage> {
    try {
      return await runForImage(["read"], undefined, signal);
    } catch (error) {
      // The first read after Zigbee2MQTT's end is known to fail now and then; a second one tells whether it matters.
      if (!(error instanceof UnderstudyError) || error.id !== "COORDINATOR_UNREADABLE" || signal?.aborted) throw error;
      return runForImage(["read"], undefined, signal);
    }
  }

  return {
    dump,
    read: async (names, signal) => pick(await dump(signal), names),
    compare: async (partial, signal) => comparePartial(partial, pick(await dump(signal), namesOf(partial))),
    async replace(image, signal) {
      requireEqual(
        facts,
        compareImages(image, await runForImage(["reset", "write", "read"], serializeNvramImage(image), signal)),
      );
    },
    async write(partial, signal) {
      requireEqual(
        facts,
        comparePartial(partial, await runForImage(["write", "read"], serializeNvramImage(partial), signal)),
      );
    },
    restore: (backup, signal) => runForImage(["restore", "read"], backup, signal),
    backup: (signal) => runTools(["backup"], undefined, signal),
    silence: (signal) => silenceCoordinator(host, { ...options, privileged, signal }),
    async listen(channel, signal) {
      const beacons = await scanForBeacons(host, { ...options, privileged, channel, signal });
      await silenceCoordinator(host, { ...options, privileged, signal });
      return beacons;
    },
  };
}

function failedStep(result: RunResult): ToolStep {
  const name = /step:(\S+)/.exec(result.stderr)?.[1];
  return (Object.keys(TOOLS) as ToolStep[]).find((step) => TOOLS[step] === name) ?? "read";
}
