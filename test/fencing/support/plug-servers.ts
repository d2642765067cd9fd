import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface PlugServer {
  readonly port: number;
  on: boolean;
  /** Takes orders and does not obey. */
  stuck: boolean;
  /** Paths with their queries, as they were asked. */
  readonly asked: string[];
  close(): Promise<void>;
}

type Answer = (plug: PlugServer, url: URL, request: IncomingMessage, response: ServerResponse) => unknown;

async function serve(answer: Answer): Promise<PlugServer> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://plug");
    plug.asked.push(request.url ?? "/");
    const told = answer(plug, url, request, response);
    if (response.writableEnded) return;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(told));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const plug: PlugServer = {
    port: (server.address() as AddressInfo).port,
    on: true,
    stuck: false,
    asked: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return plug;
}

function refuse(response: ServerResponse, challenge?: string): void {
  response.statusCode = 401;
  if (challenge) response.setHeader("www-authenticate", challenge);
  response.end();
}

/** Tasmota's `/cm?cmnd=…`, with a web password in the query where it has one. */
export function tasmotaServer(password?: string): Promise<PlugServer> {
  return serve((plug, url) => {
    if (url.pathname !== "/cm") return {};
    if (password !== undefined && url.searchParams.get("password") !== password)
      return { WARNING: "Need user=<username>&password=<password>" };
    const [, argument] = (url.searchParams.get("cmnd") ?? "").split(" ");
    if (!plug.stuck && argument) plug.on = argument.toUpperCase() === "ON";
    // A plug that is stuck repeats the order, as some do.
    return { POWER: plug.stuck && argument ? argument.toUpperCase() : plug.on ? "ON" : "OFF" };
  });
}

/** A Shelly of the second generation or later: RPC over HTTP, with Digest where it has a password. */
export function shellyServer(password?: string): Promise<PlugServer> {
  return serve((plug, url, request, response) => {
    if (password !== undefined && !digestIsRight(request, password)) {
      refuse(response, 'Digest qop="auth", realm="shellyplus1-a8032abe54dc", nonce="60dc2c69", algorithm=SHA-256');
      return undefined;
    }
    if (url.pathname === "/rpc/Switch.Set") {
      const before = plug.on;
      if (!plug.stuck) plug.on = url.searchParams.get("on") === "true";
      return { was_on: before };
    }
    if (url.pathname === "/rpc/Switch.GetStatus") return { id: 0, source: "http", output: plug.on, apower: 3.1 };
    response.statusCode = 404;
    return { code: 404 };
  });
}

function digestIsRight({ headers, method, url }: IncomingMessage, password: string): boolean {
  const given = headers.authorization ?? "";
  const field = (name: string) => new RegExp(`\\b${name}="?([^",]*)"?`).exec(given)?.[1] ?? "";
  const hash = (text: string) => createHash("sha256").update(text).digest("hex");
  const secret = hash(`admin:shellyplus1-a8032abe54dc:${password}`);
  const expected = hash(
    `${secret}:60dc2c69:${field("nc")}:${field("cnonce")}:auth:${hash(`${method ?? ""}:${url ?? ""}`)}`,
  );
  return given.startsWith("Digest ") && field("response") === expected;
}

/** A Shelly of the first generation, with Basic authentication where it has a password. */
export function firstShellyServer(password?: string): Promise<PlugServer> {
  return serve((plug, url, request, response) => {
    const login = `Basic ${Buffer.from(`admin:${password ?? ""}`).toString("base64")}`;
    if (password !== undefined && request.headers.authorization !== login) {
      refuse(response, 'Basic realm="shelly"');
      return undefined;
    }
    const turn = url.searchParams.get("turn");
    if (turn && !plug.stuck) plug.on = turn === "on";
    return { ison: plug.on, has_timer: false };
  });
}

/** Takes connections and never answers. */
export function silentServer(): Promise<PlugServer> {
  return serve((_plug, _url, _request, response) => {
    response.writeHead(200);
    Object.defineProperty(response, "writableEnded", { value: true });
    return undefined;
  });
}
