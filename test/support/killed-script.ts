/**
 * Changes of a script for LocalHostOptions.alter. They wrap commands in shell functions of the same name, so the script itself
 * runs as it is.
 */
const WRAPPED = ["mv", "rm", "mkdir", "chown", "chmod", "cat", "tar", "ln"] as const;

/** Kills the script, as power loss or SIGKILL would, before its n-th command that changes files (counting from 1). */
export function killedBefore(n: number): (script: string) => string {
  const functions = WRAPPED.map(
    (name) =>
      `${name}() { killed_at=$((killed_at + 1)); [ "$killed_at" != ${n} ] || kill -9 $$; command ${name} "$@"; }`,
  );
  return (script) => `killed_at=0\n${functions.join("\n")}\n${script}`;
}

/** Lets a command write to a full disk. */
export function diskFullFor(name: "cat" | "tar"): (script: string) => string {
  return (script) => `${name}() { command cat /proc/version > /dev/full; }\n${script}`;
}
