import { effectiveService } from "../../config/discover.ts";
import type { Discovery } from "../../config/discover.ts";
import { checkConfig } from "../../config/load.ts";
import { ownAddresses } from "../../config/machine-address.ts";
import { formatProblem } from "../../config/problem.ts";
import { protectionInWords, protectionOf } from "../../config/protection.ts";
import type { Protection } from "../../config/protection.ts";
import type { ServiceConfig, UserConfig } from "../../config/user-config.ts";
import { connectHost } from "../../hosts/ssh-host.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { toFailure } from "../failure.ts";
import type { CliFailure } from "../failure.ts";
import { requireConfigFile } from "../home.ts";
import { lookAtLadders } from "../status/ladder-look.ts";
import type { LadderLook } from "../status/ladder-look.ts";
import { table } from "../table.ts";
import { plain } from "../words.ts";

export interface ConfigCheckFlags {
  /** Check the file alone. */
  readonly offline?: boolean;
}

/** What came of looking at the nodes of one service. */
type Look =
  | { readonly service: string; readonly found: Discovery; readonly ladders: readonly LadderLook[] }
  | { readonly service: string; readonly found?: undefined; readonly failure: CliFailure };

/** Checks understudy.yaml, and then whether every node can be reached and understood. Changes nothing anywhere. */
export async function configCheck(context: Context, flags: ConfigCheckFlags): Promise<ExitCode> {
  const file = requireConfigFile(context);
  const { config, problems } = await checkConfig(file);
  const looks = config && !flags.offline ? await lookAtAll(config, context) : [];
  const exitCode = config && looks.every((look) => look.found) ? EXIT.done : EXIT.usage;
  const warnings = [
    ...(config?.warnings ?? []),
    ...looks.flatMap((look) => (look.found ? [...look.found.warnings, ...ladderWarnings(look.ladders)] : [])),
  ];
  const protections = (config?.services ?? []).map((service) => {
    const look = looks.find((candidate) => candidate.service === service.name);
    return { service: service.name, ...protectionNow(service, look?.found) };
  });
  context.output.result({ file, problems, warnings, services: looks.map(asData), protections, exitCode }, () =>
    [
      ...problems.map((problem) => formatProblem(file, problem)),
      ...looks.flatMap(inWords),
      ...protections.flatMap(protectionLines),
      ...warnings.map((warning) => `Warning: ${plain(warning)}`),
      exitCode === EXIT.done
        ? `${file} is in order${flags.offline ? "; the nodes were not asked" : ", and so is what was found on the nodes"}.`
        : "",
    ]
      .filter((line) => line !== "")
      .join("\n"),
  );
  return exitCode;
}

async function lookAtAll(config: UserConfig, context: Context): Promise<readonly Look[]> {
  const looks: Look[] = [];
  for (const service of config.services) {
    const { name, nodes } = service;
    context.output.note(`Asking ${nodes.map((node) => node.name).join(", ")} …`);
    looks.push(
      await Promise.all([
        effectiveService(config, name, connectHost),
        lookAtLadders(service, new AbortController().signal),
      ]).then(
        ([found, ladders]) => ({ service: name, found, ladders }),
        (error: unknown) => ({ service: name, failure: toFailure(error) }),
      ),
    );
  }
  return looks;
}

function ladderWarnings(ladders: readonly LadderLook[]): readonly string[] {
  return ladders.flatMap(({ warning }) => warning ?? []);
}

/** By the file and what was found; whether the rungs' mappings were proven is known to Temporal alone. */
function protectionNow(service: ServiceConfig, found: Discovery | undefined): Protection {
  return protectionOf(service, {
    controller: ownAddresses(),
    ...(found
      ? {
          broker: found.service.broker.url,
          coordinators: Object.fromEntries(
            found.service.nodes.map(({ name, coordinator }) => [name, coordinator.port]),
          ),
        }
      : {}),
  });
}

function protectionLines({ service, nodes }: Protection & { readonly service: string }): readonly string[] {
  return [
    `What ${service} is protected from (rungs that switch power count once \`understudy fence status\` shows them proven or trusted):`,
    ...nodes.flatMap((node) => [
      `  While ${node.node} serves`,
      ...protectionInWords(node).map((line) => `    ${plain(line)}`),
    ]),
  ];
}

function asData(look: Look): unknown {
  if (!look.found)
    return {
      service: look.service,
      ok: false,
      error: { id: look.failure.id, what: look.failure.what, next: look.failure.next },
    };
  const nodes = look.found.service.nodes.map(({ name, version, dataDirectory, manager, coordinator, privilege }) => {
    return {
      name,
      version,
      dataDirectory,
      manager: manager.kind,
      coordinator: coordinator.port,
      privilege: privilege.kind,
    };
  });
  return { service: look.service, ok: true, nodes, ladders: look.ladders };
}

function inWords(look: Look): readonly string[] {
  if (!look.found) return [`${look.service}: ${look.failure.what}`, `    Next: ${look.failure.next ?? ""}`];
  const rows = look.found.service.nodes.map((node) => [
    node.name,
    node.version,
    node.manager.kind,
    plain(node.dataDirectory),
    plain(node.coordinator.port),
  ]);
  return [`${look.service}:`, table(["Node", "Zigbee2MQTT", "Service manager", "Data directory", "Coordinator"], rows)];
}
