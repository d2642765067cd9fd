import { applyTeardown, placeOf, planTeardown } from "../../node/setup.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { distinct, table } from "../table.ts";
import { mayGoOn, onNodes } from "./setup.ts";
import type { SetupFlags } from "./setup.ts";

/** Undoes what `understudy setup` made on the nodes, and nothing else. What Understudy has stored there stays. */
export async function teardown(
  context: Context,
  serviceName: string | undefined,
  flags: SetupFlags,
): Promise<ExitCode> {
  return onNodes(context, serviceName, flags, async ({ service, hostOf, names }) => {
    const nodes = service.nodes.filter(({ name }) => names.includes(name));
    const plans = await Promise.all(nodes.map((node) => planTeardown(service, node, hostOf(node))));
    const rows = plans.flatMap(({ node, undone }) => undone.map((one) => [node.name, one.kind, placeOf(one)]));
    if (rows.length === 0) {
      context.output.result({ changed: false, left: [] }, () => "Nothing is set up on these nodes.");
      return EXIT.done;
    }
    context.output.say(table(["Node", "Remove", "Where"], distinct(rows)));
    context.output.say(
      "From then on nothing keeps Zigbee2MQTT from being started on these nodes, two of them at once included.",
    );
    if (!(await mayGoOn(context, flags, "Remove all this?"))) return EXIT.refused;
    const left: string[] = [];
    for (const plan of plans)
      for (const path of await applyTeardown(hostOf(plan.node), plan)) left.push(`${plan.node.name}: ${path}`);
    context.output.result({ changed: true, left }, () =>
      [
        `Removed from ${plans.map(({ node }) => node.name).join(", ")}. Copies and epochs stay in ${[...new Set(nodes.map((node) => node.stateDirectory))].join(", ")}.`,
        ...left.map((file) => `Left, because it was changed since: ${file}`),
      ].join("\n"),
    );
    return EXIT.done;
  });
}
