import type { Argument, Command, Option } from "commander";
import type { Context } from "./context.ts";
import type { ExitCode } from "./exit-codes.ts";

/** How program.ts makes a verb, so that all have the same help and the same way of ending. */
export interface VerbMaker {
  readonly verb: (name: string, description: string, parent?: Command) => Command;
  readonly act: (
    how: (context: Context, flags: never, ...args: (string | undefined)[]) => Promise<ExitCode>,
  ) => (...given: unknown[]) => Promise<void>;
  readonly serviceArgument: () => Argument;
  readonly patienceOption: () => Option;
}

/** The verbs by which a person steers what happens by itself, and the service where it is. */
export function addOperatingVerbs(program: Command, { verb, act, serviceArgument, patienceOption }: VerbMaker): void {
  verb("arm", "let the service restart and take over by itself")
    .addArgument(serviceArgument())
    .action(act(async (context, _flags, service) => (await import("./commands/mode.ts")).arm(context, service)));

  verb("observe", "watch and say what would have been done, and do nothing (a new service begins so)")
    .addArgument(serviceArgument())
    .action(act(async (context, _flags, service) => (await import("./commands/mode.ts")).observe(context, service)));

  verb("pause", "maintenance: nothing automatic happens, not even the rotation")
    .addArgument(serviceArgument())
    .option("--for <duration>", "how long, as 30m, 2h (default: until `resume`)")
    .option("--until <time>", "until when, as 2026-12-24T18:00")
    .option("--reason <text>", "why; shown by `status`")
    .action(
      act(async (context, flags: import("./commands/pause.ts").PauseFlags, service) =>
        (await import("./commands/pause.ts")).pause(context, service, flags),
      ),
    );

  verb("resume", "end a pause")
    .addArgument(serviceArgument())
    .action(act(async (context, _flags, service) => (await import("./commands/pause.ts")).resume(context, service)));

  verb("standby", "take a node out: nothing is handed over to it")
    .argument("<node>")
    .addArgument(serviceArgument())
    .option("--reason <text>", "why; shown by `status`")
    .option("-y, --yes", "hand over first where the node is active, without asking")
    .action(
      act(async (context, flags: import("./commands/standby.ts").StandbyFlags, node, service) =>
        (await import("./commands/standby.ts")).standby(context, node ?? "", service, flags),
      ),
    );

  verb("online", "take a node in again")
    .argument("<node>")
    .addArgument(serviceArgument())
    .action(
      act(async (context, _flags, node, service) =>
        (await import("./commands/standby.ts")).online(context, node ?? "", service),
      ),
    );

  verb("reinit", "throw a standby's copy away and make it anew")
    .argument("<node>")
    .addArgument(serviceArgument())
    .option("-y, --yes", "do not ask")
    .option("--enrol-blank-stick", "let a blank spare stick in the standby become one of this network's")
    .action(
      act(async (context, flags: import("./commands/reinit.ts").ReinitFlags, node, service) =>
        (await import("./commands/reinit.ts")).reinit(context, node ?? "", service, flags),
      ),
    );

  verb("acknowledge", "a failover was looked at: let automatic handovers happen again")
    .addArgument(serviceArgument())
    .action(
      act(async (context, _flags, service) => (await import("./commands/mode.ts")).acknowledge(context, service)),
    );

  verb("adopt", "learn from the nodes who runs the service, after Temporal's database was lost or restored")
    .addArgument(serviceArgument())
    .option("--holder <node>", "who holds it by your word, where the nodes cannot tell")
    .option("-y, --yes", "do not ask")
    .addOption(patienceOption())
    .action(
      act(async (context, flags: import("./commands/operate.ts").OperateFlags, service) =>
        (await import("./commands/operate.ts")).adopt(context, service, flags),
      ),
    );

  addServiceVerbs(program, { verb, act, serviceArgument, patienceOption });
}

/** `understudy start` runs Understudy itself; these act on the service, so they stand under a word of their own. */
function addServiceVerbs(program: Command, { verb, act, serviceArgument, patienceOption }: VerbMaker): void {
  const service = program.command("service").description("stop, start or restart the service where it is");
  const common = (command: Command) =>
    command
      .addArgument(serviceArgument())
      .option("-y, --yes", "do not ask")
      .option("--reason <text>", "why; shown in the history")
      .addOption(patienceOption());

  common(verb("stop", "stop it and keep it down: nothing automatic starts it", service)).action(
    act(async (context, flags: import("./commands/operate.ts").OperateFlags, name) =>
      (await import("./commands/operate.ts")).stopService(context, name, flags),
    ),
  );
  common(verb("start", "start it on the node that holds it", service)).action(
    act(async (context, flags: import("./commands/operate.ts").OperateFlags, name) =>
      (await import("./commands/operate.ts")).startService(context, name, flags),
    ),
  );
  common(verb("restart", "stop it and start it again on the same node", service)).action(
    act(async (context, flags: import("./commands/operate.ts").OperateFlags, name) =>
      (await import("./commands/operate.ts")).restartService(context, name, flags),
    ),
  );
}
