import { Option } from "commander";
import type { Command } from "commander";
import type { VerbMaker } from "./operating-verbs.ts";
import { parseRungNumber } from "./rung-number.ts";

/** What proves that a lost node is off, and the drill that proves the mapping before it is trusted. */
export function addFenceVerbs(program: Command, { verb, act, serviceArgument, patienceOption }: VerbMaker): void {
  const fence = program.command("fence").description("the ladders that prove a lost node off");
  verb("test", "switch a standby off and on, and prove that the right machine went", fence)
    .addArgument(serviceArgument())
    .requiredOption("--node <node>", "the node that is switched off")
    .addOption(
      new Option("--rung <number>", "only this rung, counted from 1 as in understudy.yaml").argParser(parseRungNumber),
    )
    .option("--even-active", "even where the service runs on it: there is an outage")
    .option("-y, --yes", "do not ask")
    .addOption(patienceOption())
    .action(
      act(async (context, flags: import("./commands/fence-test.ts").FenceTestFlags, service) =>
        (await import("./commands/fence-test.ts")).fenceTest(context, service, flags),
      ),
    );
  verb("status", "each node's ladder, what its rungs prove, and when that was tested", fence)
    .addArgument(serviceArgument())
    .action(
      act(async (context, _flags, service) =>
        (await import("./commands/fence-status.ts")).fenceStatus(context, service),
      ),
    );
}
