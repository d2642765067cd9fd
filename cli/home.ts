import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { DEFAULTS } from "../config/defaults.ts";
import { loadConfig } from "../config/load.ts";
import { resolveLocalPath } from "../config/local-path.ts";
import type { ServiceConfig, TemporalConfig, UserConfig } from "../config/user-config.ts";
import type { Context } from "./context.ts";
import { usageFailure } from "./failure.ts";
import { readStartRecord } from "./start/record.ts";
import { resolveTarget } from "./temporal/target.ts";
import type { TemporalSettings, TemporalTarget } from "./temporal/target.ts";

const CONFIGURED = "understudy.yaml";

/** `--config`, else $UNDERSTUDY_CONFIG, else ./understudy.yaml, else ~/.config/understudy/understudy.yaml; undefined where there is none. */
export function findConfigFile(context: Context): string | undefined {
  const named = context.config ?? process.env["UNDERSTUDY_CONFIG"];
  if (named) return resolve(named);
  const configHome = process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config");
  return [resolve(CONFIGURED), join(configHome, "understudy", CONFIGURED)].find((path) => existsSync(path));
}

/** The configuration's file. Throws a usage failure where there is none. */
export function requireConfigFile(context: Context): string {
  const file = findConfigFile(context);
  if (file) return file;
  throw usageFailure(
    "There is no understudy.yaml, neither here nor in ~/.config/understudy.",
    "create it with the five lines of docs/configuration.md, or name it with --config or $UNDERSTUDY_CONFIG.",
  );
}

/**
 * The configuration for a command that only talks to Temporal: no password and no key is read, and none may be found at all.
 * Rejects CONFIG_INVALID where a file is there and wrong.
 */
export async function loadHome(context: Context): Promise<UserConfig | undefined> {
  const file = findConfigFile(context);
  return file ? loadConfig(file, { readSecrets: false }) : undefined;
}

/** The service meant: the one named, or the only one. Throws a usage failure otherwise. */
export function chooseService(
  home: UserConfig | undefined,
  name: string | undefined,
): { name: string; config?: ServiceConfig } {
  const services = home?.services ?? [];
  if (name !== undefined) {
    const config = services.find((service) => service.name === name);
    if (home && !config)
      throw usageFailure(`There is no service ${name} in ${home.file}.`, `name one of: ${namesOf(services)}.`);
    return { name, config };
  }
  const [only] = services;
  if (only && services.length === 1) return { name: only.name, config: only };
  if (!home)
    throw usageFailure(
      "Which service? There is no understudy.yaml to tell.",
      "name the service, or the file with --config.",
    );
  throw usageFailure("Which service? There are several.", `name one of: ${namesOf(services)}.`);
}

/** Throws a usage failure where understudy.yaml does not name that node; without a file every name is taken. */
export function requireNode(config: ServiceConfig | undefined, node: string): void {
  if (!config || config.nodes.some((candidate) => candidate.name === node)) return;
  throw usageFailure(
    `${config.name} has no node ${node}.`,
    `name one of: ${config.nodes.map((candidate) => candidate.name).join(", ")}.`,
  );
}

/** Where Temporal is for this command. Reads Temporal's credentials only where understudy.yaml names the server. */
export async function temporalTarget(context: Context, home: UserConfig | undefined): Promise<TemporalTarget> {
  const running = await readStartRecord(dataDirectory(home));
  const settings = settingsOf(home);
  const target = resolveTarget(context, settings, running?.address);
  if (target.namedBy !== CONFIGURED || !home) return target;
  const { temporal } = await loadConfig(home.file);
  return resolveTarget(context, { ...settings, credentials: await readCredentials(temporal) }, running?.address);
}

/** Where the own server's database, its log and the record of the running `understudy start` are. */
export function dataDirectory(home: UserConfig | undefined): string {
  const named = process.env["UNDERSTUDY_DATA"];
  if (named) return resolve(named);
  return (
    home?.temporal.ownServer.dataDirectory ?? resolveLocalPath(resolve(CONFIGURED), DEFAULTS.temporal.dataDirectory)
  );
}

function settingsOf(home: UserConfig | undefined): TemporalSettings {
  if (!home) return { ...DEFAULTS.temporal, credentials: {} };
  const { address, namespace, taskQueue, profile, ownServer } = home.temporal;
  return { address, namespace, taskQueue, profile, port: ownServer.port, credentials: {} };
}

async function readCredentials({ apiKey, tls }: TemporalConfig): Promise<TemporalTarget["credentials"]> {
  const files = tls && {
    serverNameOverride: tls.serverName,
    serverRootCACertificate: tls.caFile ? await readFile(tls.caFile) : undefined,
    clientCertPair:
      tls.certFile && tls.keyFile ? { crt: await readFile(tls.certFile), key: await readFile(tls.keyFile) } : undefined,
  };
  return { ...(apiKey ? { apiKey, tls: true } : {}), ...(files ? { tls: files } : {}) };
}

function namesOf(services: readonly ServiceConfig[]): string {
  return services.map((service) => service.name).join(", ");
}
