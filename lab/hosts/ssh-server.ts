import { timingSafeEqual } from "node:crypto";
import net from "node:net";
import ssh2 from "ssh2";
import type { AuthContext, Connection, ServerChannel, Session } from "ssh2";
import type { KeyPair } from "./keys.ts";

export interface SshServerOptions {
  readonly hostKey: KeyPair;
  /** The one user and the one key that are let in. */
  readonly user: string;
  readonly authorizedKey: KeyPair;
  /** Runs a command on the channel. Signals sent to it by the client go to what is returned. */
  readonly exec: (command: string, channel: ServerChannel) => RunningCommand;
  /** Port to listen on; 0 picks a free one, which is kept afterwards. */
  readonly port?: number;
}

export interface RunningCommand {
  signal(signal: NodeJS.Signals): void;
}

/**
 * An SSH server on a loopback port that behaves as OpenSSH does where a client can tell: public keys only, `exec` and
 * port forwarding only, signals reach the command, and a lost connection ends nothing by itself: the command merely
 * finds its standard input closed and nobody at the other end of its output.
 */
export class SshServer {
  readonly #options: SshServerOptions;
  readonly #connections = new Set<Connection>();
  readonly #sockets = new Set<net.Socket>();
  #listener: net.Server | undefined;
  #port: number;

  constructor(options: SshServerOptions) {
    this.#options = options;
    this.#port = options.port ?? 0;
  }

  get port(): number {
    return this.#port;
  }

  /** Starts to accept connections, on the same port as before. */
  async listen(): Promise<void> {
    if (this.#listener) return;
    const ssh = new ssh2.Server({ hostKeys: [this.#options.hostKey.private] }, (connection) => this.#serve(connection));
    const listener = net.createServer((socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      socket.setNoDelay(true);
      ssh.injectSocket(socket);
    });
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (listener.address() as net.AddressInfo).port;
    this.#listener = listener;
  }

  /** Refuses new connections, as a host without sshd does; those that are open stay. */
  refuse(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }

  /** Cuts all open connections without a goodbye. */
  sever(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  get connections(): number {
    return this.#connections.size;
  }

  #serve(connection: Connection): void {
    this.#connections.add(connection);
    connection.once("close", () => this.#connections.delete(connection));
    // A client that goes away mid-sentence is no error of this server.
    connection.on("error", () => undefined);
    connection.on("authentication", (context) => this.#authenticate(context));
    connection.on("session", (accept) => this.#session(accept()));
    connection.on("tcpip", (accept, reject, target) => {
      const socket = net.connect(target.destPort, target.destIP);
      socket.once("error", () => reject());
      socket.once("connect", () => {
        const channel = accept();
        socket.on("error", () => channel.close());
        channel.on("error", () => socket.destroy());
        channel.pipe(socket).pipe(channel);
      });
    });
  }

  #authenticate(context: AuthContext): void {
    const allowed = ssh2.utils.parseKey(this.#options.authorizedKey.public);
    if (context.method !== "publickey" || context.username !== this.#options.user || allowed instanceof Error) {
      context.reject(["publickey"]);
      return;
    }
    const blob = allowed.getPublicSSH();
    const same = blob.length === context.key.data.length && timingSafeEqual(blob, context.key.data);
    // Without a signature the client only asks whether the key would do. The answer may be an Error, which is truthy.
    const verified: unknown =
      !context.signature || allowed.verify(context.blob as Buffer, context.signature, context.hashAlgo);
    if (same && verified === true) context.accept();
    else context.reject(["publickey"]);
  }

  #session(session: Session): void {
    let running: RunningCommand | undefined;
    session.on("env", (_accept, reject) => reject?.());
    session.on("pty", (_accept, reject) => reject?.());
    session.on("shell", (_accept, reject) => reject?.());
    session.on("subsystem", (_accept, reject) => reject?.());
    session.on("exec", (accept, _reject, { command }) => {
      running = this.#options.exec(command, accept());
    });
    session.on("signal", (_accept, _reject, { name }) => running?.signal(`SIG${name}` as NodeJS.Signals));
  }
}
