import { hostname, userInfo } from "node:os";
import { Client, Connection } from "@temporalio/client";
import { EXIT } from "../exit-codes.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { isNamespaceMissing, isServiceError } from "./errors.ts";
import type { TemporalTarget } from "./target.ts";

const CONNECT_TIMEOUT_MS = 5_000;

/** A client that is known to have reached Temporal once. Rejects TEMPORAL_UNREACHABLE (exit code 7) after 5 s. */
export async function connect(target: TemporalTarget): Promise<Client> {
  try {
    const connection = await Connection.connect({
      ...target.credentials,
      address: target.address,
      connectTimeout: CONNECT_TIMEOUT_MS,
    });
    return new Client({ connection, namespace: target.namespace, identity: `understudy ${currentPerson()}` });
  } catch (error) {
    throw unreachable(target, error);
  }
}

/**
 * Runs `use` with a client, and closes its connection whatever happens. What Temporal refuses or does not answer becomes a
 * failure with exit code 7, so whoever starts something must catch that himself.
 */
export async function withClient<T>(target: TemporalTarget, use: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(target);
  try {
    return await use(client);
  } catch (error) {
    if (isNamespaceMissing(error)) {
      throw usageFailure(
        `Temporal at ${target.address} has no namespace ${target.namespace}.`,
        "name another one with --namespace, or create it: temporal operator namespace create.",
      );
    }
    if (isServiceError(error)) throw unreachable(target, error);
    throw error;
  } finally {
    await client.connection.close();
  }
}

export function unreachable(target: TemporalTarget, cause?: unknown): CliFailure {
  return new CliFailure({
    id: "TEMPORAL_UNREACHABLE",
    exitCode: EXIT.temporalUnreachable,
    what: `Temporal does not answer at ${target.address} (named by: ${target.namedBy}).`,
    next: target.own
      ? "run `understudy start` on this machine, or name another server with --address, TEMPORAL_ADDRESS or temporal.address in understudy.yaml."
      : "see whether that server runs and can be reached from here, and whether TLS or an API key is needed.",
    cause,
  });
}

/** Who does it: user and machine, for the Temporal UI and for what a person orders. */
export function currentPerson(): string {
  return `${currentUser()}@${hostname()}`;
}

function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "user");
  }
}
