import { spawn } from "node:child_process";
import type { Socket } from "node:net";

/** Waits until standard input closes, then kills what carries the mark in its environment and removes the directory. */
const JANITOR = `
trap '' INT TERM HUP
cat >/dev/null
for round in 1 2 3; do
  for process in /proc/[0-9]*; do
    tr '\\0' '\\n' 2>/dev/null <"$process/environ" | grep -qxF "$1" && kill -KILL "\${process#/proc/}" 2>/dev/null
  done
done
rm -rf "$2"
`;

/**
 * Starts a process that cleans up where this one cannot: once this one is gone, even by SIGKILL, all processes whose
 * environment holds `mark` (as NAME=value) are killed and the directory is removed. Returns a function that has the
 * same done now, and resolves when it is.
 */
export function startJanitor(mark: string, directory: string): () => Promise<void> {
  const child = spawn("/bin/sh", ["-c", JANITOR, "janitor", mark, directory], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("exit", () => resolve());
    child.once("error", reject);
  });
  ended.catch(() => undefined);
  child.stdin.on("error", () => undefined);
  // It must not keep this process alive: its very purpose is to notice the end.
  child.unref();
  (child.stdin as Socket).unref();
  return async () => {
    child.ref();
    child.stdin.end();
    await ended;
  };
}
