import { createHash, randomBytes } from "node:crypto";
import { UnderstudyError } from "../model/errors.ts";
import {
  ABSENT,
  ENGLISH,
  fileError,
  HASH_DIFFERS,
  MOVE_INTO_PLACE,
  REQUIRE_FILE,
  requireAbsolute,
} from "./file-scripts.ts";
import type { Host } from "./host.ts";

export interface FileOptions {
  readonly privileged?: boolean;
  readonly signal?: AbortSignal;
  /** Milliseconds for each command. Default 60 000. */
  readonly timeoutMs?: number;
}

export interface WriteOptions extends FileOptions {
  /** Octal digits. Default "600". */
  readonly mode?: string;
}

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_BYTES = 8 * 1024 * 1024;

const READ = `
${ENGLISH}
${REQUIRE_FILE}
exec head -c "$2" -- "$1"`;

const WRITE = `
${ENGLISH}
umask 077
t=$2
m=$4
[ ! -d "$1" ] || { echo "is a directory" >&2; exit 1; }
trap 'rm -f -- "$t"' EXIT
trap 'exit 1' HUP INT TERM
cat >"$t" || exit 1
h=$(sha256sum <"$t") || exit 1
[ "\${h%% *}" = "$3" ] || exit ${HASH_DIFFERS}
${MOVE_INTO_PLACE}`;

const HASH = `
${ENGLISH}
${REQUIRE_FILE}
exec sha256sum <"$1"`;

/**
 * The bytes of a file; undefined if it does not exist (a file that merely cannot be seen is an error).
 * Rejects COMMAND_FAILED, and TRANSFER_FAILED when it is larger than maxBytes (default 8 MiB, at most 15 MiB).
 */
export async function readFile(
  host: Host,
  path: string,
  options: FileOptions & { readonly maxBytes?: number } = {},
): Promise<Buffer | undefined> {
  requireAbsolute(path);
  const { maxBytes = DEFAULT_MAX_BYTES } = options;
  const result = await host.run(READ, { ...runOptions(options), args: [path, String(maxBytes + 1)] });
  if (result.code === ABSENT) return undefined;
  if (result.code !== 0) throw fileError(host, "reading", path, result);
  if (result.stdout.length <= maxBytes) return result.stdout;
  throw new UnderstudyError("TRANSFER_FAILED", {
    node: host.name,
    what: `${path} is larger than the ${maxBytes} bytes that are expected of it at most.`,
    next: `see what it is: ls -l ${path}`,
  });
}

/**
 * Writes a file so that a reader sees the old one or the new one whole: under a temporary name in the same directory, hashed on the node, synced
 * to the disk, then renamed. As root it keeps the owner of the file it replaces, else of the directory. Doing it again is harmless.
 * Rejects DISK_FULL, TRANSFER_FAILED (what arrived differs), COMMAND_FAILED; the old file is then still there.
 */
export async function writeFileAtomic(
  host: Host,
  path: string,
  bytes: Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  requireAbsolute(path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const temporary = `${path.slice(0, path.lastIndexOf("/"))}/.${path.slice(path.lastIndexOf("/") + 1)}.${randomBytes(6).toString("hex")}.understudy`;
  const result = await host.run(WRITE, {
    ...runOptions(options),
    args: [path, temporary, sha256, options.mode ?? "600"],
    input: bytes,
  });
  if (result.code === 0) return;
  if (result.code === HASH_DIFFERS) throw arrivedDifferent(host, path);
  throw fileError(host, "writing", path, result);
}

/** The SHA-256 of a file in hex; undefined if it does not exist. Rejects COMMAND_FAILED. */
export async function hashFile(host: Host, path: string, options: FileOptions = {}): Promise<string | undefined> {
  requireAbsolute(path);
  const result = await host.run(HASH, { ...runOptions(options), args: [path] });
  if (result.code === ABSENT) return undefined;
  if (result.code !== 0) throw fileError(host, "reading", path, result);
  return result.stdout.toString("latin1").slice(0, 64);
}

/** Makes a directory with its parents, mode 700, if it does not exist. Rejects DISK_FULL, COMMAND_FAILED. */
export async function ensureDirectory(host: Host, path: string, options: FileOptions = {}): Promise<void> {
  requireAbsolute(path);
  const result = await host.run(`${ENGLISH}\numask 077\nmkdir -p -- "$1"`, { ...runOptions(options), args: [path] });
  if (result.code !== 0) throw fileError(host, "making the directory", path, result);
}

/** Bytes that an ordinary user may still write to the file system of a directory. Rejects COMMAND_FAILED. */
export async function freeBytes(host: Host, directory: string, options: FileOptions = {}): Promise<number> {
  const result = await host.run(`${ENGLISH}\ndf -Pk -- "$1"`, { ...runOptions(options), args: [directory] });
  // Total, used, available and per cent, in KiB; the names around them may contain spaces.
  const available = /\s\d+\s+\d+\s+(-?\d+)\s+\d+%\s/.exec(result.stdout.toString("utf8"))?.[1];
  if (result.code !== 0 || available === undefined)
    throw fileError(host, "measuring the free space of", directory, result);
  return Math.max(0, Number(available) * 1024);
}

/** What arrived on a node is not what was sent. */
export function arrivedDifferent(host: Host, path: string): UnderstudyError {
  return new UnderstudyError("TRANSFER_FAILED", {
    node: host.name,
    what: `What arrived for ${path} is not what was sent, so it was thrown away.`,
    next: "try again; if it happens again, check the node's disk and memory.",
  });
}

function runOptions(options: FileOptions): { privileged: boolean; signal: AbortSignal | undefined; timeoutMs: number } {
  return {
    privileged: options.privileged ?? false,
    signal: options.signal,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
}
