import type { ConnectionOptions } from "@temporalio/client";
import { loadClientConnectConfig } from "@temporalio/envconfig";
import { usageFailure } from "../failure.ts";
import type { CliFailure } from "../failure.ts";

/** Where Temporal is, and who said so. */
export interface TemporalTarget {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  /** TLS, API key and metadata; secret. */
  readonly credentials: Pick<ConnectionOptions, "tls" | "apiKey" | "metadata">;
  /** Nobody named an address: it is the server that `understudy start` runs. */
  readonly own: boolean;
  /** Who named the address, in words. */
  readonly namedBy: string;
}

/** What understudy.yaml says about Temporal. */
export interface TemporalSettings {
  readonly address?: string;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly profile?: string;
  readonly credentials: TemporalTarget["credentials"];
  readonly port: number;
}

export interface TargetFlags {
  readonly address?: string;
  readonly namespace?: string;
}

/**
 * The order: the command's flags, Temporal's own environment variables and profile, understudy.yaml, and last the server
 * that `understudy start` runs, at `ownAddress` where a running one has recorded another address than the default.
 * Throws a usage failure where Temporal's profile cannot be read.
 */
export function resolveTarget(
  flags: TargetFlags,
  settings: TemporalSettings,
  ownAddress: string | undefined,
): TemporalTarget {
  const environment = readEnvironment(settings.profile);
  const named = firstNamed([
    [flags.address, "--address"],
    [environment.connectionOptions.address, "Temporal's environment variables or profile"],
    [settings.address, "understudy.yaml"],
  ]);
  const { tls, apiKey, metadata } = environment.connectionOptions as TemporalTarget["credentials"];
  const defined = Object.fromEntries(
    Object.entries({ tls, apiKey, metadata }).filter(([, value]) => value !== undefined),
  );
  return {
    address: named?.address ?? ownAddress ?? `127.0.0.1:${settings.port}`,
    namedBy: named?.by ?? "Understudy's own server",
    own: named === undefined,
    namespace: flags.namespace ?? environment.namespace ?? settings.namespace,
    taskQueue: settings.taskQueue,
    // The own server speaks plain gRPC on the loopback interface: no credentials meant for another one go there.
    credentials: named ? { ...settings.credentials, ...defined } : {},
  };
}

function firstNamed(
  candidates: readonly (readonly [string | undefined, string])[],
): { address: string; by: string } | undefined {
  for (const [address, by] of candidates) {
    if (address) return { address, by };
  }
  return undefined;
}

function readEnvironment(profile: string | undefined): ReturnType<typeof loadClientConnectConfig> {
  const chosen = process.env["TEMPORAL_PROFILE"] ?? profile;
  try {
    return loadClientConnectConfig(chosen ? { profile: chosen } : {});
  } catch (error) {
    throw unreadableProfile(error);
  }
}

function unreadableProfile(cause: unknown): CliFailure {
  const why = cause instanceof Error ? cause.message.split("\n", 1)[0] : "unknown reason";
  return usageFailure(
    `Temporal's configuration file or environment cannot be used: ${why}`,
    "mend it (see `temporal config list`), or unset TEMPORAL_PROFILE and TEMPORAL_CONFIG_FILE.",
  );
}
