import { UnderstudyError } from "../model/errors.ts";
import type { Host, RunResult } from "./host.ts";

/** Exit statuses by which the scripts of this folder tell what they found. */
export const ABSENT = 44;
export const HASH_DIFFERS = 65;

/** The messages that tell "absent" and "disk full" from other failures must be the English ones. */
export const ENGLISH = "LC_ALL=C; export LC_ALL";

/** Leaves the script with ABSENT if $1 does not exist, and with 1 if that cannot be seen: a closed directory hides what is in it. */
export const REQUIRE_FILE = `
if [ ! -e "$1" ]; then
  [ ! -L "$1" ] || exit ${ABSENT}
  case $(ls -d -- "$1" 2>&1) in *"No such file"*|*"Not a directory"*) exit ${ABSENT} ;; esac
  echo "cannot be seen" >&2
  exit 1
fi
[ ! -d "$1" ] || { echo "is a directory" >&2; exit 1; }`;

/** Puts the finished file $t into place as $1 with mode $m: as root with the owner of what it replaces (else of the directory), and on the disk first. */
export const MOVE_INTO_PLACE = `
d=\${1%/*}
d=\${d:-/}
chmod "$m" "$t" || exit 1
if [ "$(id -u)" = 0 ]; then
  o=$(stat -c %u:%g -- "$1" 2>/dev/null || stat -c %u:%g -- "$d") && chown "$o" "$t" || exit 1
fi
sync -- "$t" 2>/dev/null || sync
mv -f -- "$t" "$1" || exit 1
sync -- "$d" 2>/dev/null || sync`;

/** A path that cannot be taken for an option or for something relative to a login's directory. */
export function requireAbsolute(path: string): void {
  if (!path.startsWith("/") || path.endsWith("/")) throw new RangeError(`not an absolute path of a file: ${path}`);
}

/** The error for a script that failed: DISK_FULL where the node says so, else COMMAND_FAILED. What it printed is not passed on. */
export function fileError(host: Host, doing: string, path: string, result: RunResult): UnderstudyError {
  if (/no space left|quota exceeded/i.test(result.stderr)) {
    return new UnderstudyError("DISK_FULL", {
      node: host.name,
      what: `The disk is full: ${doing} ${path} was not possible, and nothing was changed.`,
      next: `make room there: df -h ${path.slice(0, path.lastIndexOf("/")) || "/"}`,
    });
  }
  const reason = /permission denied|not permitted|cannot be seen/i.test(result.stderr)
    ? "permission denied"
    : `exit status ${result.code}`;
  return new UnderstudyError("COMMAND_FAILED", {
    node: host.name,
    what: `${capitalised(doing)} ${path} failed (${reason}).`,
    next: `look at it on the node: ls -la ${path.slice(0, path.lastIndexOf("/")) || "/"}`,
  });
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
