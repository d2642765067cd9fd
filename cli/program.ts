import { readFileSync } from "node:fs";
import { Argument, Command, InvalidArgumentError, Option } from "commander";
import type { Context } from "./context.ts";
import { exitCodesHelp } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { createOutput } from "./output.ts";
import type { OutputFormat } from "./output.ts";
import { addFailoverVerbs } from "./failover-verbs.ts";
import { addFenceVerbs } from "./fence-verbs.ts";
import { addOperatingVerbs } from "./operating-verbs.ts";

/** Runs a verb and takes its exit code. */
export type Run = (context: Context, verb: (context: Context) => Promise<ExitCode>) => Promise<void>;

interface GlobalFlags {
  readonly config?: string;
  readonly output: OutputFormat;
  readonly address?: string;
  readonly namespace?: string;
}

/** The command line. Each verb's code is loaded when it is called, so that `--detach` is quick on a small machine. */
export function createProgram(run: Run): Command {
  const program = new Command("understudy")
    .description("High availability for a smart home: hands a service over between its nodes.")
    .version(version(), "-V, --version")
    .option(
      "-c, --config <file>",
      "understudy.yaml (default: $UNDERSTUDY_CONFIG, ./understudy.yaml, ~/.config/understudy/understudy.yaml)",
    )
    .addOption(
      new Option("-o, --output <format>", "a table for people, or one JSON object for programs")
        .choices(["table", "json"])
        .default("table"),
    )
    .option(
      "--address <host:port>",
      "Temporal server (default: TEMPORAL_ADDRESS or a Temporal profile, understudy.yaml, the own server)",
    )
    .option("--namespace <name>", "Temporal namespace")
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();

  const verb = (name: string, description: string, parent: Command = program) =>
    parent.command(name).description(description).addHelpText("after", exitCodesHelp());
  const act =
    <Flags>(how: (context: Context, flags: Flags, ...args: (string | undefined)[]) => Promise<ExitCode>) =>
    async (...given: unknown[]) => {
      const command = given.at(-1) as Command;
      const args = given.slice(0, -2) as (string | undefined)[];
      await run(contextOf(command), (context) => how(context, command.opts<Flags & object>(), ...args));
    };

  verb("start", "run Temporal's own server (unless an address is configured) and the worker, until Ctrl-C").action(
    act(async (context) => (await import("./commands/start.ts")).start(context)),
  );

  verb("switchover", "hand a service over to another of its nodes")
    .addArgument(serviceArgument())
    .option("--to <node>", "the node that shall become active (default: the standby)")
    .option("-y, --yes", "do not ask")
    .option("--reason <text>", "why; shown in the history")
    .option("--rehearse", "check everything and change nothing")
    .option("--detach", "print the workflow id and the run id, and do not wait")
    .option("--enrol-blank-stick", "let a blank spare stick in the standby become one of this network's")
    .option("--accept-edits", "replace what somebody changed by hand in the standby's files; it is kept there")
    .addOption(patienceOption())
    .action(
      act(async (context, flags: import("./commands/switchover.ts").SwitchoverFlags, service) =>
        (await import("./commands/switchover.ts")).switchover(context, service, flags),
      ),
    );

  verb("wait", "follow a handover that is under way, or tell how it ended")
    .argument("<id>", "workflow id (handover:zigbee), run id, or service")
    .addOption(patienceOption())
    .action(
      act(async (context, flags: import("./commands/wait.ts").WaitFlags, id) =>
        (await import("./commands/wait.ts")).wait(context, id ?? "", flags),
      ),
    );

  verb("status", "who runs what, and what is under way")
    .addArgument(serviceArgument())
    .action(act(async (context, _flags, service) => (await import("./commands/status.ts")).status(context, service)));

  verb("history", "the last handovers, newest first")
    .addArgument(serviceArgument())
    .addOption(new Option("-n, --limit <number>", "how many").argParser(wholeNumber).default(20))
    .action(
      act(async (context, flags: import("./commands/history.ts").HistoryFlags, service) =>
        (await import("./commands/history.ts")).history(context, service, flags),
      ),
    );

  verb("sync", "make the standbys' copies fresh at once")
    .addArgument(serviceArgument())
    .option("--enrol-blank-stick", "let a blank spare stick in a standby become one of this network's")
    .action(
      act(async (context, flags: import("./commands/sync.ts").SyncFlags, service) =>
        (await import("./commands/sync.ts")).sync(context, service, flags),
      ),
    );

  addFailoverVerbs(program, { verb, act, serviceArgument, patienceOption });
  addOperatingVerbs(program, { verb, act, serviceArgument, patienceOption });
  addFenceVerbs(program, { verb, act, serviceArgument, patienceOption });

  for (const [name, description] of [
    ["setup", "install on the nodes what keeps two of them from serving at once, after showing the plan"],
    ["teardown", "remove from the nodes what setup made there"],
  ] as const) {
    verb(name, description)
      .addArgument(serviceArgument())
      .option("--node <node>", "only this node (default: all of them)")
      .option("-y, --yes", "do not ask")
      .action(
        act(async (context, flags: import("./commands/setup.ts").SetupFlags, service) =>
          name === "setup"
            ? (await import("./commands/setup.ts")).setup(context, service, flags)
            : (await import("./commands/teardown.ts")).teardown(context, service, flags),
        ),
      );
  }

  const config = program.command("config").description("check or show understudy.yaml");
  verb("check", "check the file, then whether the nodes can be reached and understood", config)
    .option("--offline", "check the file alone")
    .action(
      act(async (context, flags: import("./commands/config-check.ts").ConfigCheckFlags) =>
        (await import("./commands/config-check.ts")).configCheck(context, flags),
      ),
    );
  verb("show", "show the file with its defaults filled in; secrets are never shown", config)
    .option("--effective", "with what is found on the nodes, and where each value comes from")
    .action(
      act(async (context, flags: import("./commands/config-show.ts").ConfigShowFlags) =>
        (await import("./commands/config-show.ts")).configShow(context, flags),
      ),
    );

  return program.addHelpText("after", exitCodesHelp());
}

function contextOf(command: Command): Context {
  const { output, config, address, namespace } = command.optsWithGlobals<GlobalFlags>();
  return { output: createOutput(output), config, address, namespace };
}

function serviceArgument(): Argument {
  return new Argument("[service]", "the service, where there are several");
}

function patienceOption(): Option {
  return new Option("--patience <seconds>", "how long to go on watching while Temporal does not answer")
    .argParser(wholeNumber)
    .default(120);
}

function wholeNumber(text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

/** The project's version; package.json is one directory further up from the compiled files. */
function version(): string {
  for (const path of ["../package.json", "../../package.json"]) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { version: string }).version;
    } catch {
      // Not here.
    }
  }
  return "unknown";
}
