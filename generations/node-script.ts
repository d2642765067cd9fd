import { createHash } from "node:crypto";
import { UnderstudyError, type ErrorId } from "../model/errors.ts";
import type { Host } from "../hosts/host.ts";

/** What a script's own refusal means: the word after `!` on its standard output. */
export type Refusals = Readonly<Record<string, { readonly id: ErrorId; readonly what: string; readonly next: string }>>;

export interface NodeScriptOptions {
  /** What it does, as the end of "The node failed to …". */
  readonly purpose: string;
  readonly args?: readonly string[];
  readonly input?: Uint8Array;
  readonly refusals?: Refusals;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default true; reading needs no exclusion. */
  readonly exclusive?: boolean;
}

/**
 * The beginning of every script here. Files are for the owner only; `refuse` ends the script with a word that its caller
 * knows; `take` keeps standard input as a file, and ends the script where it is not all of it: to a script a connection that is
 * lost looks like the end of its input; `settle` makes everything below a path survive power loss, `flush` one file
 * or the names in one directory (where `sync` takes no arguments, all is synced).
 */
export const PRELUDE = `
input_hash=$1; shift
set -eu
umask 077
LC_ALL=C; export LC_ALL
refuse() { echo "!$1"; exit 3; }
take() { cat > "$1"; taken=$(sha256sum < "$1"); [ "\${taken%% *}" = "$input_hash" ] || { rm -f "$1"; refuse cut-off; }; }
settle() { sync -f "$1" 2>/dev/null || sync; }
flush() { sync "$1" 2>/dev/null || sync; }
`;

/**
 * Runs a script with the node's privilege and returns its standard output. What it prints on standard error is never shown.
 * @throws UnderstudyError as `refusals` say, DISK_FULL, COMMAND_FAILED, and what Host.run throws.
 */
export async function runNodeScript(host: Host, script: string, options: NodeScriptOptions): Promise<Buffer> {
  const result = await host.run(PRELUDE + script, {
    args: [options.input ? createHash("sha256").update(options.input).digest("hex") : "", ...(options.args ?? [])],
    input: options.input,
    privileged: true,
    exclusive: options.exclusive ?? true,
    timeoutMs: options.timeoutMs ?? 60_000,
    signal: options.signal,
  });
  if (result.code === 0) return result.stdout;

  const word = /^!([a-z-]+)$/m.exec(result.stdout.toString("utf8"))?.[1];
  const refusal = word === undefined ? undefined : options.refusals?.[word];
  if (refusal) throw new UnderstudyError(refusal.id, { node: host.name, what: refusal.what, next: refusal.next });
  // GNU tar says only that it "wrote only" a part where the disk becomes full inside a block.
  if (/No space left on device|Disk quota exceeded|Wrote only \d+ of/.test(result.stderr)) {
    throw new UnderstudyError("DISK_FULL", {
      node: host.name,
      what: `The node failed to ${options.purpose}: its disk is full.`,
      next: "free some space there, then try again; nothing was changed.",
    });
  }
  throw new UnderstudyError("COMMAND_FAILED", {
    node: host.name,
    what: `The node failed to ${options.purpose} (status ${result.code}).`,
    next: "look at the node's disk and at the permissions of the directories named in understudy.yaml.",
  });
}
