import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import ssh2, { type AuthenticationType } from "ssh2";
import type { SshTarget } from "../config/effective.ts";
import { UnderstudyError } from "../model/errors.ts";
import { codeOf } from "./error-codes.ts";

/** One entry of ssh2's authHandler list. */
export type AuthenticationAttempt =
  | { type: "publickey"; username: string; key: Buffer; passphrase?: string }
  | { type: "agent"; username: string; agent: string }
  | { type: "password"; username: string; password: string }
  | {
      type: "keyboard-interactive";
      username: string;
      prompt: (
        name: string,
        instructions: string,
        language: string,
        prompts: readonly unknown[],
        finish: (answers: string[]) => void,
      ) => void;
    };

/** ssh's own order. DSA is gone from current OpenSSH. */
const DEFAULT_KEYS = ["id_ed25519", "id_ecdsa", "id_rsa"];

/**
 * The ways to log in, in order: the configured key (else the agent, else the default keys of ~/.ssh), then the password.
 * Rejects AUTHENTICATION_FAILED when the configured key cannot be used or nothing at all is there to try.
 */
export async function authenticationAttempts(node: string, target: SshTarget): Promise<AuthenticationAttempt[]> {
  const username = target.user;
  const attempts: AuthenticationAttempt[] = [];
  if (target.identityFile) attempts.push(await configuredKey(node, target, target.identityFile));
  const agent = target.agent ?? (target.identityFile ? undefined : process.env["SSH_AUTH_SOCK"]);
  // ssh2 reports an agent that does not answer as an error of the connection, so it is tried only if it is there.
  if (agent && (await answers(agent))) attempts.push({ type: "agent", username, agent });
  if (!target.identityFile) attempts.push(...(await defaultKeys(target)));
  if (target.password !== undefined) attempts.push(...passwordAttempts(username, target.password));
  if (attempts.length > 0) return attempts;
  throw new UnderstudyError("AUTHENTICATION_FAILED", {
    node,
    what: `There is no way to log in as ${username}@${target.host}: no agent answers, ~/.ssh has no key that can be used without a passphrase, and no password is configured.`,
    next: "set identityFile (and passphrase) or password for this node in understudy.yaml, or start an SSH agent.",
  });
}

async function configuredKey(node: string, target: SshTarget, file: string): Promise<AuthenticationAttempt> {
  const key = await readFile(file).catch((error: unknown) => {
    throw unusableKey(
      node,
      `The key file ${file} cannot be read (${codeOf(error) ?? "unknown reason"}).`,
      `check the path and its permissions: ls -l ${file}`,
    );
  });
  const parsed = ssh2.utils.parseKey(key, target.passphrase);
  if (parsed instanceof Error) {
    const encrypted = /encrypted|passphrase|decrypt|integrity/i.test(parsed.message);
    throw encrypted
      ? unusableKey(
          node,
          `The key file ${file} is encrypted, and ${target.passphrase === undefined ? "no" : "a wrong"} passphrase is configured.`,
          "set this node's passphrase, or use an agent.",
        )
      : unusableKey(
          node,
          `The key file ${file} is not a private key that can be read.`,
          "name the private key, not its .pub file.",
        );
  }
  return { type: "publickey", username: target.user, key, passphrase: target.passphrase };
}

function unusableKey(node: string, what: string, next: string): UnderstudyError {
  return new UnderstudyError("AUTHENTICATION_FAILED", { node, what, next });
}

/** Those default keys that exist and open; the others are passed over, as ssh does without a terminal. */
async function defaultKeys(target: SshTarget): Promise<AuthenticationAttempt[]> {
  const attempts: AuthenticationAttempt[] = [];
  for (const name of DEFAULT_KEYS) {
    const key = await readFile(join(homedir(), ".ssh", name)).catch(() => undefined);
    if (!key || ssh2.utils.parseKey(key, target.passphrase) instanceof Error) continue;
    attempts.push({ type: "publickey", username: target.user, key, passphrase: target.passphrase });
  }
  return attempts;
}

/** Many servers ask for the password by keyboard-interactive only (PAM), so both are tried. */
function passwordAttempts(username: string, password: string): AuthenticationAttempt[] {
  return [
    { type: "password", username, password },
    {
      type: "keyboard-interactive",
      username,
      prompt: (_name, _instructions, _language, prompts, finish) => finish(prompts.map(() => password)),
    },
  ];
}

function answers(agentSocket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(agentSocket);
    socket.setTimeout(1000, () => socket.destroy());
    socket.once("connect", () => {
      resolve(true);
      socket.destroy();
    });
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
  });
}

/** The kinds of login that were tried, in words for an error message. */
export function describeAttempts(attempts: readonly { type: AuthenticationType }[]): string {
  return [...new Set(attempts.map((attempt) => attempt.type))].join(", ");
}
