import type { Command } from "commander";
import type { VerbMaker } from "./operating-verbs.ts";

/** The verbs for a node that is lost. */
export function addFailoverVerbs(program: Command, { verb, act, serviceArgument, patienceOption }: VerbMaker): void {
  verb("failover", "let a standby take over from a node that is lost; what the copy does not hold is lost with it")
    .addArgument(serviceArgument())
    .option("--to <node>", "the node that shall take over (default: the first fit standby)")
    .option("-y, --yes", "do not ask")
    .option("--reason <text>", "why; shown in the history")
    .option("--detach", "print the workflow id and the run id, and do not wait")
    .addOption(patienceOption())
    .action(
      act(async (context, flags: import("./commands/failover.ts").FailoverFlags, service) =>
        (await import("./commands/failover.ts")).failover(context, service, flags),
      ),
    );

  verb("confirm-fenced", "say that the old node is off, to a failover that waits for it")
    .addArgument(serviceArgument())
    .requiredOption("--node <node>", "the node whose power is off, or whose stick is pulled")
    .option("-y, --yes", "do not ask")
    .option("--detach", "do not wait for the failover's end")
    .addOption(patienceOption())
    .action(
      act(async (context, flags: import("./commands/confirm-fenced.ts").ConfirmFencedFlags, service) =>
        (await import("./commands/confirm-fenced.ts")).confirmFenced(context, service, flags),
      ),
    );

  verb("check", "look now whether the service serves, and take over if it is down")
    .addArgument(serviceArgument())
    .addOption(patienceOption())
    .action(
      act(async (context, flags: import("./commands/check.ts").CheckFlags, service) =>
        (await import("./commands/check.ts")).check(context, service, flags),
      ),
    );
}
