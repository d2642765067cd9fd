import { isPower, proofOf } from "../../config/fencing.ts";
import type { RungConfig } from "../../config/fencing.ts";
import type { NodeConfig } from "../../config/user-config.ts";
import { mappingOf, nameRung } from "../../config/name-rung.ts";
import type { ServiceState } from "../../workflows/contract.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { usageFailure } from "../failure.ts";
import { chooseService, loadHome, temporalTarget } from "../home.ts";
import { table } from "../table.ts";
import { withClient } from "../temporal/connect.ts";
import { askService } from "../temporal/service-state.ts";
import { ago, plain } from "../words.ts";

const TIMEOUT_MS = 5_000;

interface RungStatus {
  readonly node: string;
  /** From 1. */
  readonly rung: number;
  readonly name: string;
  readonly proves: string;
  readonly trusted: boolean;
  /** When `understudy fence test` proved it. Undefined: never, or it needs no test. */
  readonly testedAt?: string;
  readonly needsTest: boolean;
}

/** Each node's ladder as understudy.yaml has it, and what was proven of it. The devices are not asked (`config check` does). */
export async function fenceStatus(context: Context, serviceName: string | undefined): Promise<ExitCode> {
  const home = await loadHome(context);
  const { name, config } = chooseService(home, serviceName);
  if (!config)
    throw usageFailure(
      "There is no understudy.yaml to read the ladders from.",
      "name it with --config or $UNDERSTUDY_CONFIG.",
    );
  const target = await temporalTarget(context, home);
  return withClient(target, async (client) => {
    const known = await askService(client, name, { taskQueue: target.taskQueue, timeoutMs: TIMEOUT_MS });
    if (!known.state) context.output.note(`Note: ${known.why}; what was tested is not known. ${known.next}`);
    const rungs = config.nodes.flatMap((node) => ladderOf(node, known.state));
    const exitCode = known.state ? EXIT.done : EXIT.unknown;
    context.output.result({ service: name, rungs, exitCode }, () => inWords(rungs, known.state !== undefined));
    return exitCode;
  });
}

function ladderOf(node: NodeConfig, state: ServiceState | undefined): readonly RungStatus[] {
  return node.fencing.map((rung, index): RungStatus => {
    const testedAt = testOf(rung, node, state);
    return {
      node: node.name,
      rung: index + 1,
      name: nameRung(rung),
      proves: proofOf(rung),
      trusted: isPower(rung) && rung.trusted,
      ...(testedAt === undefined ? {} : { testedAt }),
      needsTest: isPower(rung) && rung.proves !== "network cut" && !rung.trusted && testedAt === undefined,
    };
  });
}

function testOf(rung: RungConfig, node: NodeConfig, state: ServiceState | undefined): string | undefined {
  if (!isPower(rung)) return undefined;
  const mapping = mappingOf(rung, node.ssh.host);
  return state?.fenceTests?.[node.name]?.find((test) => test.mapping === mapping)?.at;
}

function inWords(rungs: readonly RungStatus[], known: boolean): string {
  const rows = rungs.map((rung) => [
    rung.node,
    String(rung.rung),
    plain(rung.name),
    rung.proves,
    mappingInWords(rung, known),
  ]);
  const untested = new Set(rungs.filter(({ needsTest }) => needsTest).map(({ node }) => node));
  return [
    table(["Node", "Rung", "What", "Proves", "Mapping"], rows),
    ...(known
      ? [...untested].map(
          (node) => `${node}: prove it with \`understudy fence test --node ${node}\` while it stands by.`,
        )
      : []),
  ].join("\n");
}

function mappingInWords({ testedAt, trusted, needsTest, proves }: RungStatus, known: boolean): string {
  if (testedAt !== undefined) return `proven ${ago(new Date(testedAt), new Date())}`;
  if (trusted) return "trusted, never proven";
  if (!needsTest) return proves === "network cut" ? "never suffices" : "needs no test";
  return known ? "never proven: not used" : "not known";
}
