import { createHash, randomBytes } from "node:crypto";
import { UnderstudyError } from "../model/errors.ts";

const TIMEOUT_MS = 3_000;
const LARGEST_ANSWER = 64 * 1024;

export interface HttpDevice {
  readonly host: string;
  readonly port: number;
}

/** A user as HTTP knows him: Basic, and Digest where the device asks for it (RFC 7616). */
export interface HttpLogin {
  readonly user: string;
  readonly password: string;
}

/**
 * What a device on the home's network answers to a GET, as JSON. Rejects FENCING_FAILED where it does not answer within 3 s,
 * refuses, or answers something else; never with the address's query, which may hold a password.
 */
export async function getJson(
  device: HttpDevice,
  path: string,
  { login, signal }: { login?: HttpLogin | undefined; signal: AbortSignal },
): Promise<unknown> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const first = await get(device, path, login && basic(login), limit);
    const challenge = first.headers.get("www-authenticate") ?? "";
    const digest = first.status === 401 && login && digestOf(challenge, path, login);
    if (digest) await first.body?.cancel();
    return await jsonOf(device, digest ? await get(device, path, digest, limit) : first);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UnderstudyError) throw error;
    throw failed(device, "does not answer", "see that it is reachable from the machine that runs Understudy.");
  }
}

async function get(
  { host, port }: HttpDevice,
  path: string,
  authorization: string | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const authority = host.includes(":") ? `[${host}]` : host;
  return fetch(`http://${authority}:${port}${path}`, {
    headers: { connection: "close", ...(authorization ? { authorization } : {}) },
    redirect: "error",
    signal,
  });
}

async function jsonOf(device: HttpDevice, response: Response): Promise<unknown> {
  const text = await limited(device, response);
  if (response.status === 401 || response.status === 403)
    throw failed(device, "refuses the user name or password", "set user and password of this rung.");
  if (!response.ok)
    throw failed(
      device,
      `refuses the request (HTTP ${response.status})`,
      "compare the rung with the kind of device it is.",
    );
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw failed(device, "answers something that is not understood", "see that the address is the plug's.");
  }
}

async function limited(device: HttpDevice, response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > LARGEST_ANSWER) throw failed(device, "answers too much", "see that the address is the plug's.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function basic({ user, password }: HttpLogin): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** The answer to a Digest challenge with SHA-256 or MD5 and `qop=auth`; undefined where it asks for something else. */
function digestOf(challenge: string, uri: string, { user, password }: HttpLogin): string | undefined {
  if (!/^digest /i.test(challenge)) return undefined;
  const field = (name: string) => new RegExp(`\\b${name}="?([^",]*)"?`, "i").exec(challenge)?.[1] ?? "";
  const algorithm = field("algorithm") || "MD5";
  const hashName = { "SHA-256": "sha256", MD5: "md5" }[algorithm.toUpperCase()];
  if (
    hashName === undefined ||
    !field("qop")
      .split(/\s*,\s*/)
      .includes("auth")
  )
    return undefined;
  const hash = (text: string) => createHash(hashName).update(text).digest("hex");
  const [realm, nonce, opaque, cnonce, nc] = [
    field("realm"),
    field("nonce"),
    field("opaque"),
    randomBytes(8).toString("hex"),
    "00000001",
  ];
  const response = hash(
    [hash(`${user}:${realm}:${password}`), nonce, nc, cnonce, "auth", hash(`GET:${uri}`)].join(":"),
  );
  return `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", qop=auth, nc=${nc}, cnonce="${cnonce}", response="${response}", algorithm=${algorithm}${opaque ? `, opaque="${opaque}"` : ""}`;
}

function failed({ host, port }: HttpDevice, what: string, next: string): UnderstudyError {
  return new UnderstudyError("FENCING_FAILED", { what: `The device at ${host}:${port} ${what}.`, next });
}
