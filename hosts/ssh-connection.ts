import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import type { Duplex } from "node:stream";
import { NodeSSH } from "node-ssh";
import type { Client, ClientChannel, ServerHostKeyAlgorithm } from "ssh2";
import type { SshTarget } from "../config/effective.ts";
import { UnderstudyError } from "../model/errors.ts";
import { codeOf } from "./error-codes.ts";
import { ForwardRefused, type ForwardTarget } from "./host.ts";
import { hostKeyError } from "./host-key-errors.ts";
import {
  judgeHostKey,
  knownKeyTypes,
  parseKnownHosts,
  type KnownHostsEntry,
  type KnownHostsFile,
} from "./known-hosts.ts";
import { authenticationAttempts, describeAttempts } from "./ssh-authentication.ts";

/** A connection that has been verified and authenticated. */
export interface SshConnection {
  /**
   * Starts a command; rejects when the connection is gone or the server refuses another session. The channel is handed over at once and not by the
   * promise, because its first events may be on their way.
   */
  exec(command: string, onChannel: (channel: ClientChannel) => void): Promise<void>;
  /** Connects to an address as the node sees it. Rejects with ForwardRefused, and otherwise when the connection is gone or nobody answers in time. */
  forward(host: string, port: number, timeoutMs: number): Promise<Duplex>;
  /** True once it has been lost or closed. */
  isClosed(): boolean;
  /** Calls the listener once when the connection is lost or closed (at once if it already is). */
  onClosed(listener: () => void): void;
  /** Closes it and its jump host's; resolves when both are gone, at the latest after 2 s. */
  close(): Promise<void>;
}

const KEEPALIVE_COUNT = 3;
const CLOSE_TIMEOUT_MS = 2000;

/** The signature algorithms of each type of host key, best first. */
const HOST_KEY_ALGORITHMS: Readonly<Record<string, readonly ServerHostKeyAlgorithm[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"],
};

/**
 * Connects, through the jump host if there is one; each hop is verified against the target's own known_hosts files.
 * Rejects HOST_UNREACHABLE, HOST_KEY_UNKNOWN, HOST_KEY_CHANGED, HOST_KEY_REVOKED or AUTHENTICATION_FAILED; nothing ran on the node then.
 */
export async function openConnection(node: string, target: SshTarget): Promise<SshConnection> {
  const jump = target.jump ? await openJump(node, target.jump, target) : undefined;
  try {
    return await openHop(node, target, jump);
  } catch (error) {
    await jump?.close();
    throw error;
  }
}

interface Jump {
  readonly sock: Duplex;
  close(): Promise<void>;
}

async function openJump(node: string, jump: SshTarget, target: SshTarget): Promise<Jump> {
  const connection = await openConnection(node, jump);
  const sock = await connection
    .forward(target.host, target.port, target.connectTimeoutMs)
    .catch(async (error: unknown) => {
      await connection.close();
      throw new UnderstudyError("HOST_UNREACHABLE", {
        node,
        what: `The jump host ${jump.host} cannot reach ${target.host}:${target.port}.`,
        next: `try it there: ssh -p ${jump.port} ${jump.user}@${jump.host} nc -z ${target.host} ${target.port} (and AllowTcpForwarding in its sshd_config).`,
        cause: error,
      });
    });
  return { sock, close: () => connection.close() };
}

async function openHop(node: string, target: SshTarget, jump: Jump | undefined): Promise<SshConnection> {
  const entries = parseKnownHosts(await readKnownHostsFiles(target.knownHostsFiles));
  const attempts = await authenticationAttempts(node, target);
  let refusal: UnderstudyError | undefined;
  const ssh = new NodeSSH();
  const connecting = ssh.connect({
    host: target.host,
    port: target.port,
    username: target.user,
    sock: jump?.sock,
    authHandler: attempts,
    algorithms: { serverHostKey: hostKeyAlgorithms(entries, target) },
    readyTimeout: target.connectTimeoutMs,
    keepaliveInterval: target.keepaliveMs,
    keepaliveCountMax: KEEPALIVE_COUNT,
    hostVerifier: (key: Buffer) => {
      const verdict = judgeHostKey(entries, target.host, target.port, key);
      if (verdict.kind !== "trusted") refusal = hostKeyError(node, target, key, verdict);
      return verdict.kind === "trusted";
    },
  });
  // node-ssh takes its error listener away once connected; without one of ours the loss of a connection would end the process.
  const client = ssh.connection;
  client?.on("error", () => {});
  // Our messages are small, and held back they would each wait for the node's delayed acknowledgement (40 ms).
  client?.setNoDelay(true);
  try {
    await connecting;
  } catch (error) {
    client?.destroy();
    throw refusal ?? connectError(node, target, error, describeAttempts(attempts));
  }
  if (!client) throw new Error("connected without a client");
  return connectionOf(client, jump);
}

function connectionOf(client: Client, jump: Jump | undefined): SshConnection {
  let closed = false;
  const closing = new Promise<void>((resolve) => {
    const onEnd = (): void => {
      closed = true;
      // A jump host's connection serves nothing else, and its own loss ends this one.
      void jump?.close();
      resolve();
    };
    client.once("close", onEnd);
    client.once("end", onEnd);
    client.once("error", () => client.end());
  });
  return {
    exec: (command, onChannel) => openChannel(client, closing, command, onChannel),
    forward: async (host, port, timeoutMs) => {
      const stream = await openForward(client, closing, { host, port }, timeoutMs);
      void closing.then(() => stream.destroy());
      return stream;
    },
    isClosed: () => closed,
    onClosed: (listener) => void closing.then(listener),
    close: async () => {
      client.end();
      const timer = setTimeout(() => client.destroy(), CLOSE_TIMEOUT_MS);
      await closing;
      clearTimeout(timer);
      await jump?.close();
    },
  };
}

function refusalOf(error: Error): ForwardRefused["reason"] {
  if ("reason" in error && error.reason === ADMINISTRATIVELY_PROHIBITED) return "forbidden";
  // sshd tells in its system's words why it could not connect.
  return /name|resol|try again|network is unreachable/i.test(error.message) ? "unresolved" : "unreachable";
}

/** Reason of RFC 4254, section 5.1, for a channel that the server must not open. */
const ADMINISTRATIVELY_PROHIBITED = 1;

function openForward(
  client: Client,
  closing: Promise<void>,
  target: ForwardTarget,
  timeoutMs: number,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new ForwardRefused("unreachable")), timeoutMs);
    void closing.then(() => reject(new Error("the connection was lost")));
    client.forwardOut("127.0.0.1", 0, target.host, target.port, (error, channel) => {
      clearTimeout(timer);
      if (error) {
        return reject(new ForwardRefused(refusalOf(error)));
      }
      resolve(channel);
    });
  });
}

function openChannel(
  client: Client,
  closing: Promise<void>,
  command: string,
  onChannel: (channel: ClientChannel) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    void closing.then(() => reject(new Error("the connection was lost")));
    client.exec(command, (error, channel) => {
      if (error) return reject(error);
      onChannel(channel);
      resolve();
    });
  });
}

/** Known types first, so that a server which has several keys shows one that can be checked. */
function hostKeyAlgorithms(entries: readonly KnownHostsEntry[], target: SshTarget): ServerHostKeyAlgorithm[] {
  const known = knownKeyTypes(entries, target.host, target.port);
  const ordered = [...known, ...Object.keys(HOST_KEY_ALGORITHMS)].flatMap((type) => HOST_KEY_ALGORITHMS[type] ?? []);
  return [...new Set(ordered)];
}

/** Missing files are passed over, as ssh does: then fewer keys are known, and more is refused. */
async function readKnownHostsFiles(paths: readonly string[]): Promise<KnownHostsFile[]> {
  const files: KnownHostsFile[] = [];
  for (const path of paths) {
    const text = await readFile(path.replace(/^~(?=\/)/, homedir()), "utf8").catch(() => undefined);
    if (text !== undefined) files.push({ path, text });
  }
  return files;
}

function connectError(node: string, target: SshTarget, error: unknown, tried: string): UnderstudyError {
  const where = `${target.user}@${target.host}:${target.port}`;
  const level = error instanceof Error && "level" in error ? error.level : undefined;
  if (level === "client-authentication") {
    return new UnderstudyError("AUTHENTICATION_FAILED", {
      node,
      what: `${where} refused every way to log in that we have (${tried}).`,
      next: `install the key: ssh-copy-id -p ${target.port}${target.identityFile ? ` -i ${target.identityFile}` : ""} ${target.user}@${target.host}`,
      cause: error,
    });
  }
  return new UnderstudyError("HOST_UNREACHABLE", {
    node,
    what: `${where} cannot be reached by SSH (${codeOf(error) ?? (level === "client-timeout" ? `no answer within ${target.connectTimeoutMs} ms` : "the connection ended before the login")}).`,
    next: `check that the machine is up and sshd runs: ssh -p ${target.port} ${target.user}@${target.host} true`,
    cause: error,
  });
}
