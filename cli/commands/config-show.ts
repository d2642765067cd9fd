import { stringify } from "yaml";
import { effectiveService } from "../../config/discover.ts";
import { loadConfig } from "../../config/load.ts";
import { showEffective } from "../../config/show.ts";
import { connectHost } from "../../hosts/ssh-host.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { requireConfigFile } from "../home.ts";

export interface ConfigShowFlags {
  readonly effective?: boolean;
}

/** Shows understudy.yaml with its defaults filled in, or with all that is found on the nodes. Secrets are never shown. */
export async function configShow(context: Context, flags: ConfigShowFlags): Promise<ExitCode> {
  const file = requireConfigFile(context);
  if (flags.effective) return showFound(context, file);
  // Secrets that are not even read cannot be shown.
  const { temporal, services } = await loadConfig(file, { readSecrets: false });
  const shown = {
    temporal,
    services: services.map(({ setAt: _lines, ...service }) => ({
      ...service,
      nodes: service.nodes.map(({ setAt: _nodeLines, ...node }) => node),
    })),
  };
  context.output.result({ file, ...shown }, () => stringify(shown).trimEnd());
  return EXIT.done;
}

async function showFound(context: Context, file: string): Promise<ExitCode> {
  const config = await loadConfig(file);
  const shown: string[] = [];
  for (const { name, nodes } of config.services) {
    context.output.note(`Asking ${nodes.map((node) => node.name).join(", ")} …`);
    shown.push(showEffective(await effectiveService(config, name, connectHost)));
  }
  context.output.result({ file, effective: shown.join("") }, () => shown.join("\n").trimEnd());
  return EXIT.done;
}
