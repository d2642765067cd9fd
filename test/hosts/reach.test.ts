import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ForwardRefused } from "../../hosts/host.ts";
import { addressOf, machineAnswers, nodeReaches } from "../../hosts/reach.ts";
import { localHost } from "../support/local-host.ts";

let server: Server;
let port: number;
/** What the other side says first. */
let greeting: string;
const sockets = new Set<Socket>();
beforeEach(async () => {
  greeting = "SSH-2.0-test\r\n";
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    if (greeting) socket.write(greeting);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

const here = () => ({ host: "127.0.0.1", port });
const reaches = (python: string, wanted?: string) =>
  nodeReaches(localHost(), here(), { python, timeoutMs: 700, ...(wanted ? { greeting: wanted } : {}) });

test("a machine that accepts or refuses a connection answers", async () => {
  expect(await machineAnswers(here(), 1_000)).toBe("yes");
  server.close();
  for (const socket of sockets) socket.destroy();
  expect(await machineAnswers(here(), 1_000)).toBe("yes");
});

test("a name that nobody knows says nothing about a machine", async () => {
  expect(await machineAnswers({ host: "no-such-machine.invalid", port: 22 }, 2_000)).toBe("unknown");
});

describe.each([
  ["by its Python", "python3"],
  ["by its SSH server, without a Python", "/no/such/python"],
])("a node tries %s", (_how, python) => {
  test("and reaches what accepts its connection", async () => {
    expect(await reaches(python)).toBe("yes");
    server.close();
    expect(await reaches(python)).toBe("no");
  });

  test("and finds that a frozen machine accepts connections and says nothing", async () => {
    expect(await reaches(python, "SSH-")).toBe("yes");
    greeting = "";
    expect(await reaches(python, "SSH-")).toBe("no");
    greeting = "HTTP/1.1 400 Bad Request";
    expect(await reaches(python, "SSH-")).toBe("no");
  });
});

test.each(["forbidden", "unresolved"] as const)("where the node cannot try (%s), nothing is known", async (reason) => {
  const node = { ...localHost(), forward: () => Promise.reject(new ForwardRefused(reason)) };
  expect(await nodeReaches(node, here(), { python: "/no/such/python", timeoutMs: 700 })).toBe("unknown");
});

test("a broker's address, with its usual port", () => {
  expect(addressOf("mqtt://broker")).toEqual({ host: "broker", port: 1883 });
  expect(addressOf("mqtts://[fd00::1]:8884")).toEqual({ host: "fd00::1", port: 8884 });
  expect(addressOf("not a url")).toBeUndefined();
});
