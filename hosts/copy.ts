import { once } from "node:events";
import { PassThrough } from "node:stream";
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
import { arrivedDifferent } from "./files.ts";
import type { Host, RunResult } from "./host.ts";

export interface CopyOptions {
  /** On both nodes. */
  readonly privileged?: boolean;
  readonly signal?: AbortSignal;
  /** Octal digits. Default "600". */
  readonly mode?: string;
  /** Milliseconds for each command, the transfer itself among them. Default 600 000. */
  readonly timeoutMs?: number;
  readonly onProgress?: (progress: CopyProgress) => void;
}

export interface CopyProgress {
  /** Bytes at the destination, those of an earlier attempt included. */
  readonly bytes: number;
  readonly total: number;
}

export interface CopyResult {
  readonly bytes: number;
  readonly sha256: string;
  /** Bytes that were there already, of an earlier attempt or of a finished copy. */
  readonly reused: number;
}

const DEFAULT_TIMEOUT_MS = 600_000;

/** Size and hash of $1; with $2 those of its first $2 bytes. */
const MEASURE = `
${ENGLISH}
${REQUIRE_FILE}
if [ -n "$2" ]; then
  head -c "$2" -- "$1" | wc -c
  head -c "$2" -- "$1" | sha256sum
else
  wc -c <"$1"
  sha256sum <"$1"
fi`;

/** $2 is the size that the part must have, else its beginning would not be what was checked. */
const APPEND = `
${ENGLISH}
umask 077
if [ "$2" = 0 ]; then
  rm -f -- "$1"
else
  n=$(wc -c <"$1") && [ "$n" -eq "$2" ] || exit ${HASH_DIFFERS}
fi
exec cat >>"$1"`;

const FINISH = `
${ENGLISH}
t=$2
m=$4
h=$(sha256sum <"$t") || exit 1
[ "\${h%% *}" = "$3" ] || { rm -f -- "$t"; exit ${HASH_DIFFERS}; }
${MOVE_INTO_PLACE}`;

/**
 * Copies a file from one node to another through this machine. What an earlier attempt left in \`<destPath>.part\` is used if it is how the source
 * begins; the whole is hashed on both sides, synced and only then given its name. Doing it again is harmless.
 * Rejects DISK_FULL, HOST_UNREACHABLE, COMMAND_FAILED, and TRANSFER_FAILED for whatever trying again can mend.
 */
export async function copyBetween(
  source: Host,
  sourcePath: string,
  dest: Host,
  destPath: string,
  options: CopyOptions = {},
): Promise<CopyResult> {
  requireAbsolute(sourcePath);
  requireAbsolute(destPath);
  const copy: Copy = { source, sourcePath, dest, destPath, part: `${destPath}.part`, options };
  try {
    return await perform(copy);
  } catch (error) {
    // A copy that was cut leaves nothing but its part, so that it may or may not have ended is no riddle here.
    if (error instanceof UnderstudyError && error.id === "OUTCOME_UNKNOWN") throw cut(copy, error);
    throw error;
  }
}

interface Copy {
  readonly source: Host;
  readonly sourcePath: string;
  readonly dest: Host;
  readonly destPath: string;
  readonly part: string;
  readonly options: CopyOptions;
}

interface Measured {
  readonly bytes: number;
  readonly sha256: string;
}

async function perform(copy: Copy): Promise<CopyResult> {
  const { source, sourcePath, dest, destPath, part, options } = copy;
  const [whole, present, begun] = await Promise.all([
    measure(copy, source, sourcePath),
    measure(copy, dest, destPath),
    measure(copy, dest, part),
  ]);
  if (!whole) throw sourceMissing(copy);
  if (present?.sha256 === whole.sha256) return { ...whole, reused: whole.bytes };
  const offset = begun && (await isBeginning(copy, begun, whole)) ? begun.bytes : 0;
  options.onProgress?.({ bytes: offset, total: whole.bytes });
  if (offset < whole.bytes || whole.bytes === 0) await stream(copy, offset, whole.bytes);
  const result = await dest.run(FINISH, {
    ...runOptions(options),
    args: [destPath, part, whole.sha256, options.mode ?? "600"],
  });
  if (result.code === HASH_DIFFERS) throw arrivedDifferent(dest, destPath);
  if (result.code !== 0) throw await writeError(copy, result);
  return { ...whole, reused: offset };
}

async function measure(copy: Copy, host: Host, path: string, firstBytes?: number): Promise<Measured | undefined> {
  const result = await host.run(MEASURE, {
    ...runOptions(copy.options),
    args: [path, firstBytes === undefined ? "" : String(firstBytes)],
  });
  if (result.code === ABSENT) return undefined;
  const found = /^\s*(\d+)\s+([0-9a-f]{64})\b/.exec(result.stdout.toString("latin1"));
  if (result.code !== 0 || !found?.[1] || !found[2]) throw fileError(host, "reading", path, result);
  return { bytes: Number(found[1]), sha256: found[2] };
}

async function isBeginning(copy: Copy, begun: Measured, whole: Measured): Promise<boolean> {
  if (begun.bytes > whole.bytes) return false;
  const beginning = await measure(copy, copy.source, copy.sourcePath, begun.bytes);
  return beginning?.bytes === begun.bytes && beginning.sha256 === begun.sha256;
}

/** Appends the source's bytes from an offset to the part, no faster than the slower side. When one side fails, the other is ended. */
async function stream(copy: Copy, offset: number, total: number): Promise<void> {
  const pipe = new PassThrough();
  // It may be destroyed before anybody reads it; the error reaches the caller through the two runs.
  pipe.on("error", () => {});
  const stop = new AbortController();
  const writing = append(copy, pipe, offset);
  const reading = read(copy, pipe, offset, total, stop.signal);
  writing.catch((error: unknown) => stop.abort(error));
  reading.catch((error: unknown) => pipe.destroy(error instanceof Error ? error : new Error("reading failed")));
  const both = [writing, reading];
  // The failure of one becomes that of the other; the one that came first is the reason.
  const first = Promise.all(both);
  first.catch(() => {});
  await Promise.allSettled(both);
  await first;
}

async function append(copy: Copy, pipe: PassThrough, offset: number): Promise<void> {
  const result = await copy.dest.run(APPEND, {
    ...runOptions(copy.options),
    args: [copy.part, String(offset)],
    input: pipe,
  });
  if (result.code === HASH_DIFFERS) throw cut(copy, undefined);
  if (result.code !== 0) throw await writeError(copy, result);
}

async function read(copy: Copy, pipe: PassThrough, offset: number, total: number, stop: AbortSignal): Promise<void> {
  const { source, sourcePath, options } = copy;
  const signal = options.signal ? AbortSignal.any([options.signal, stop]) : stop;
  let bytes = offset;
  const result = await source.run('exec tail -c "+$2" -- "$1"', {
    ...runOptions(options),
    signal,
    args: [sourcePath, String(offset + 1)],
    onStdout: async (chunk) => {
      bytes += chunk.length;
      if (!pipe.write(chunk)) await once(pipe, "drain", { signal });
      options.onProgress?.({ bytes, total });
    },
  });
  if (result.code !== 0) throw fileError(source, "reading", sourcePath, result);
  pipe.end();
}

/** On a full disk the part is removed as well: the node needs the room more than we need the head start. */
async function writeError(copy: Copy, result: RunResult): Promise<UnderstudyError> {
  const error = fileError(copy.dest, "writing", copy.destPath, result);
  if (error.id === "DISK_FULL")
    await copy.dest.run('rm -f -- "$1"', { ...runOptions(copy.options), args: [copy.part] });
  return error;
}

function sourceMissing(copy: Copy): UnderstudyError {
  return new UnderstudyError("COMMAND_FAILED", {
    node: copy.source.name,
    what: `${copy.sourcePath}, which is to be copied to ${copy.dest.name}, does not exist.`,
    next: `look at the node: ls -la ${copy.sourcePath.slice(0, copy.sourcePath.lastIndexOf("/")) || "/"}`,
  });
}

function cut(copy: Copy, cause: unknown): UnderstudyError {
  return new UnderstudyError("TRANSFER_FAILED", {
    node: copy.dest.name,
    what: `Copying ${copy.sourcePath} from ${copy.source.name} was interrupted; what has arrived is kept.`,
    next: "try again: it goes on where it was.",
    cause,
  });
}

function runOptions(options: CopyOptions): { privileged: boolean; signal: AbortSignal | undefined; timeoutMs: number } {
  return {
    privileged: options.privileged ?? false,
    signal: options.signal,
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
}
