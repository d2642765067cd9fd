import { spawn } from "node:child_process";
import type { AddressInfo, Socket } from "node:net";
import ssh2, { type AuthContext, type Connection, type ServerChannel } from "ssh2";
import type { SshTarget } from "../../config/effective.ts";
import { createKeyPair } from "../../lab/hosts/keys.ts";

export interface FaultyServer {
  readonly target: SshTarget;
  /** Connections accepted so far. */
  connections: number;
  /** Whether new connections and logins are refused sessions. */
  refuseSessions: boolean;
  /** What to do instead of running a command. */
  onCommand: ((channel: ServerChannel, command: string) => void) | undefined;
  /** Neither reads nor writes on the present connections any more, and says nothing about it. */
  fallSilent(): void;
  /** Resets the present connections. */
  reset(): void;
  stop(): Promise<void>;
}

export type KeyKind = "ed25519" | "rsa";

/** A private key in OpenSSH's format. */
export function hostKey(kind: KeyKind): { readonly private: string; readonly public: string } {
  return kind === "rsa" ? ssh2.utils.generateKeyPairSync("rsa", { bits: 2048 }) : createKeyPair();
}

/** An SSH server in this process, which runs commands by sh and misbehaves when told to. */
export async function startFaultyServer(options: {
  keys: readonly string[];
  port?: number;
  knownHosts: string;
  authenticate?: (context: AuthContext) => void;
}): Promise<FaultyServer> {
  const sockets = new Set<Socket>();
  const server = new ssh2.Server({ hostKeys: [...options.keys] }, (client) => serve(client));
  // ssh2 does not give the socket to its users; the server beneath it does.
  server.on("connection", () => (faulty.connections += 1));
  const net = (server as unknown as { _srv: NodeJS.EventEmitter })._srv;
  net.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  function serve(client: Connection): void {
    client.on("error", () => {});
    client.on("authentication", (context) => (options.authenticate ? options.authenticate(context) : context.accept()));
    client.on("session", (accept, reject) => {
      if (faulty.refuseSessions) return reject();
      accept().on("exec", (acceptExec, _reject, info) => execute(acceptExec(), info.command));
    });
  }

  function execute(channel: ServerChannel, command: string): void {
    channel.on("error", () => {});
    if (faulty.onCommand) return faulty.onCommand(channel, command);
    const child = spawn("sh", ["-c", command]);
    channel.pipe(child.stdin).on("error", () => {});
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.on("close", (code) => {
      if (code !== null) channel.exit(code);
      channel.end();
    });
  }

  const faulty: FaultyServer = {
    target: {
      host: "127.0.0.1",
      port,
      user: "tester",
      password: "open sesame",
      identityFile: undefined,
      agent: "/nonexistent",
      knownHostsFiles: [options.knownHosts],
      keepaliveMs: 300,
      connectTimeoutMs: 2000,
    },
    connections: 0,
    refuseSessions: false,
    onCommand: undefined,
    fallSilent: () => {
      for (const socket of sockets) {
        socket.removeAllListeners("data");
        socket.pause();
        socket.write = () => true;
      }
    },
    reset: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return faulty;
}
