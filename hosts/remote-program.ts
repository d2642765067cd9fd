/**
 * The shell text that a command becomes on the node.
 *
 * What sshd gives to the login shell is one constant line without backslash, exclamation mark or newline, which sh, csh and fish all quote alike.
 * It starts sh with a small loader that reads the real program, line by line, from standard input, and runs it only when it came whole.
 * So a value never meets a login shell, and a password line that sudo did not want is thrown away with everything else before the program.
 * `read` takes single bytes from a pipe (POSIX), so what follows the program is left for the command.
 */

/** What our marks begin with. The nonce alone would not do: it is an argument of the loader, so that any list of processes shows it. */
export function markPrefix(nonce: string): string {
  return `${nonce}: `;
}

/** What follows the prefix, on both streams or on standard error only. */
export const MARKS = {
  ready: "ready",
  end: "end",
  pid: "pid",
  locked: "locked",
  busy: "busy",
  missing: "missing",
} as const;

/** Seconds between TERM and KILL. */
export const KILL_AFTER_SECONDS = 2;
/** How long an exclusive command waits for another one, in seconds. */
export const LOCK_WAIT_SECONDS = 15;

/** Written after `locked` was seen: without it the program ends, so that one whose caller has gone never starts. */
export const GO_LINE = "go\n";

export interface Program {
  readonly script: string;
  readonly args: readonly string[];
  /** The command reads our standard input instead of being ended by its end. */
  readonly takesInput: boolean;
  /** Standard output is the command's alone: its end is told on standard error only. */
  readonly interactive?: boolean;
  /** Hold this lock file while the command runs. */
  readonly lockFile?: string;
}

const LOADER =
  'n=$(echo;echo .);n=${n%.};p=;echo "$1: ready";echo "$1: ready" >&2;' +
  'while IFS= read -r l;do case $l in "$1-begin")p=;;"$1-end")eval "$p";exit;;*)p=$p$l$n;;esac;done;exit 97';

/** The words that start the loader, for any login shell. */
export function loaderCommand(nonce: string): string {
  return `sh -c '${LOADER}' sh ${nonce}`;
}

/** What the loader reads. @throws RangeError for a NUL byte, which no process can be given. */
export function programText(nonce: string, program: Program): string {
  for (const value of [program.script, program.lockFile ?? "", ...program.args]) {
    if (value.includes("\0")) throw new RangeError("a script or its arguments contain a NUL byte");
  }
  const lines = [
    `${nonce}-begin`,
    PREPARE,
    END_GROUP,
    program.lockFile === undefined ? "" : `f=${quote(program.lockFile)}\n${LOCK}`,
    `set -- ${program.args.map(quote).join(" ")}`,
    `s=${quote(program.script)}`,
    program.takesInput ? RUN_WITH_INPUT : RUN_SUPERVISED,
    finish(program.interactive ?? false),
    `${nonce}-end`,
  ];
  return `${lines.join("\n")}\n`;
}

/** One word for a POSIX shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** sshd's PATH for commands often lacks the directories of rc-service, systemctl and flock. */
const PREPARE = `
m=$1
PATH=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin
export PATH
miss() { echo "$m: missing $1" >&2; exit 97; }
command -v setsid >/dev/null 2>&1 || miss setsid`;

/**
 * group_lives: whether a process of the group $c lives. Zombies do not: in a container nobody may collect them.
 * end_group: sends TERM to that group, KILL to what is left of it, and fails if something survives that (a process that hangs in a driver).
 * A group that has not been made yet is its future leader.
 */
const END_GROUP = `
nap() { if sleep 0.1 2>/dev/null; then i=$((i+1)); else sleep 1; i=$((i+10)); fi; }
group_lives() {
  kill -0 -$c 2>/dev/null || return 1
  [ -r /proc/self/stat ] || return 0
  for q in /proc/[0-9]*/stat; do
    read -r l <"$q" || continue
    l=\${l##*) }
    case $l in [ZXx]*) continue ;; esac
    set -- $l
    [ "$3" != "$c" ] || return 0
  done
  return 1
}
end_group() {
  kill -TERM -$c || kill -TERM $c
  i=0
  while group_lives && [ $i -lt ${KILL_AFTER_SECONDS * 10} ]; do nap; done
  group_lives || return 0
  kill -KILL -$c || kill -KILL $c
  i=0
  while group_lives && [ $i -lt 20 ]; do nap; done
  ! group_lives
}`;

/**
 * The lock is taken on a descriptor that the command does not get, so a daemon which it starts cannot keep it. The file is opened for reading only:
 * the kernel may forbid writing to another user's file in /tmp, even to root.
 */
const LOCK = `
command -v flock >/dev/null 2>&1 || miss flock
[ -d "\${f%/*}" ] || (umask 077; mkdir -p -- "\${f%/*}") 2>/dev/null
[ -e "$f" ] || (umask 022; set -C; : >"$f") 2>/dev/null
(exec 9<"$f") 2>/dev/null || miss lock-file
exec 9<"$f"
i=0
while :; do
  flock -n 9 2>/dev/null
  case $? in 0) break ;; 1) ;; *) miss lock-file ;; esac
  [ $i -lt ${LOCK_WAIT_SECONDS * 10} ] || { echo "$m: busy" >&2; exit 97; }
  nap
done
echo "$m: locked" >&2
IFS= read -r g && [ "$g" = go ] || exit 97`;

/**
 * The command gets a session, and so a process group, of its own. The watcher waits for the end of our standard input, which comes when the connection
 * or the caller is gone, and then ends that group; from then on it cannot be stopped, so the program's end waits until the group is gone. It is started before
 * anything is printed: writing to a lost connection may end this shell.
 */
const RUN_SUPERVISED = `
exec 3<&0 </dev/null
setsid sh -c "$s" sh "$@" 3<&- 9<&- &
c=$!
( while read -r x; do :; done <&3; trap "" TERM; end_group ) >/dev/null 2>&1 &
w=$!
echo "$m: pid $c" >&2`;

const RUN_WITH_INPUT = `
exec 3<&0 </dev/null
setsid sh -c "$s" sh "$@" <&3 3<&- 9<&- &
c=$!
exec 3<&-
w=
echo "$m: pid $c" >&2`;

/** The watcher's status is 1 only if it could not end the group: then no end is reported. */
const finish = (interactive: boolean): string => `
wait $c 2>/dev/null
r=$?
[ -z "$w" ] || { kill $w; wait $w; [ $? != 1 ] || exit 97; } 2>/dev/null
${interactive ? "" : 'echo "$m: end $r"'}
echo "$m: end $r" >&2
exit 0`;

/** Ends the process group `$1`; exits 0 when it is gone. For commands that have input, which no watcher ends. */
export const END_GROUP_SCRIPT = `
c=$1
${END_GROUP}
end_group >/dev/null 2>&1`;
