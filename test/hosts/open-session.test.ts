import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Host } from "../../hosts/host.ts";
import { openSession, type Session } from "../../hosts/open-session.ts";
import { connectHost } from "../../hosts/ssh-host.ts";
import { startSshServer, until, type TestServer } from "./ssh-server.ts";

let server: TestServer;
let host: Host;
beforeAll(async () => {
  server = await startSshServer();
  host = connectHost({
    name: "kitchen",
    ssh: server.target,
    privilege: { kind: "none" },
    lockFile: join(server.directory, "lock"),
  });
});
afterAll(async () => {
  await host.close();
  await server.stop();
});

/** What comes back, up to so many bytes. */
async function read({ stream }: Session, bytes: number): Promise<Buffer> {
  let all = Buffer.alloc(0);
  while (all.length < bytes) {
    const chunk = stream.read() as Buffer | null;
    if (chunk) all = Buffer.concat([all, chunk]);
    else await once(stream, "readable");
  }
  return all;
}

describe("a conversation with a program on a node", () => {
  it("gives back each byte at once, whatever it may be the beginning of", async () => {
    const session = openSession(host, "exec cat");
    for (const text of ["u", "understudy-", "\n", "\0\xfe\xff"]) {
      const bytes = Buffer.from(text, "latin1");
      session.stream.write(bytes);
      expect(await read(session, bytes.length)).toEqual(bytes);
    }
    await session.close();
    expect(await session.ended).toMatchObject({ code: 0 });
  });

  it("loses nothing of what is more than fits", async () => {
    const session = openSession(host, "exec cat");
    const bytes = Buffer.alloc(3_000_000, "0123456789");
    session.stream.write(bytes);
    expect((await read(session, bytes.length)).equals(bytes)).toBe(true);
    await session.close();
  });

  it("tells how the program ended, and that no more comes", async () => {
    const session = openSession(host, 'echo bye; exit "$1"', { args: ["7"] });
    const gone = once(session.stream.resume(), "end");
    expect(await session.ended).toMatchObject({ code: 7 });
    await gone;
  });

  it("ends the program on the node when the connection is lost, which is no ordinary end", async () => {
    const session = openSession(host, "echo on; cat; echo over >&2");
    expect((await read(session, 3)).toString()).toBe("on\n");
    server.cutConnections();
    await expect(session.ended).rejects.toMatchObject({ id: "OUTCOME_UNKNOWN" });
    expect(session.stream.destroyed).toBe(true);
    await until(() => server.processes().length === 0, "the program goes on");
  });

  it("ends the program on the node when it is aborted", async () => {
    const abort = new AbortController();
    const session = openSession(host, "echo on; exec cat", { signal: abort.signal });
    await read(session, 3);
    abort.abort(new Error("cancelled"));
    await expect(session.ended).rejects.toThrow("cancelled");
    await until(() => server.processes().length === 0, "the program goes on");
  });
});

describe("a connection from a node", () => {
  let echo: Server;
  let port: number;
  beforeAll(async () => {
    echo = createServer((socket) => socket.on("error", () => undefined).pipe(socket)).listen(0, "127.0.0.1");
    await once(echo, "listening");
    port = (echo.address() as AddressInfo).port;
  });
  afterAll(() => echo.close());

  it("goes both ways, and ends with the node's", async () => {
    const stream = await host.forward({ host: "127.0.0.1", port });
    stream.write("hello");
    expect(String((await once(stream, "data")) as unknown)).toBe("hello");
    const closed = once(stream, "close");
    server.cutConnections();
    await closed;
    const again = await host.forward({ host: "127.0.0.1", port });
    again.destroy();
  });

  it("is refused where nobody listens", async () => {
    await expect(host.forward({ host: "127.0.0.1", port: 1 })).rejects.toMatchObject({ reason: "unreachable" });
  });

  it("is refused where the node's sshd forbids it", async () => {
    const strict = await startSshServer({ forwarding: false });
    const node = connectHost({ name: "cellar", ssh: strict.target, privilege: { kind: "none" } });
    await expect(node.forward({ host: "127.0.0.1", port })).rejects.toMatchObject({ reason: "forbidden" });
    await node.close();
    await strict.stop();
  });
});
