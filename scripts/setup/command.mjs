import { spawn, spawnSync } from "node:child_process";

const DOT_EVERY_MS = 2000;
/** npm says what is wrong at the beginning, compilers at the end. */
const KEPT_AT_EITHER_END = 1500;

/** An error whose message is meant for the person at the terminal: no stack is shown with it. */
export class SetupError extends Error {}

/** Writes one line of progress. Standard error, so that a command's own output stays clean. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a program to its end while showing a dot every two seconds.
 *
 * @param {string} label what the reader sees in front of the dots
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, giveUp?: () => boolean }} [options]
 *   `giveUp` is asked every second; once it says true the program is ended.
 * @returns {Promise<{ ok: boolean, output: string, seconds: number }>} `output` is the beginning and the end of what it printed
 */
export async function runWithDots(label, program, args, options = {}) {
  const startedAt = Date.now();
  process.stderr.write(`  ${label} `);
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let head = "";
  let tail = "";
  const keep = (chunk) => {
    const room = KEPT_AT_EITHER_END - head.length;
    head += String(chunk).slice(0, room);
    tail = (tail + String(chunk).slice(room)).slice(-KEPT_AT_EITHER_END);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const dots = setInterval(() => process.stderr.write("."), DOT_EVERY_MS);
  const watch = setInterval(() => {
    if (options.giveUp?.()) child.kill("SIGTERM");
  }, 1000);
  const ok = await new Promise((resolve) => {
    child.once("error", (error) => {
      keep(error.message);
      resolve(false);
    });
    child.once("close", (code) => resolve(code === 0));
  });
  clearInterval(dots);
  clearInterval(watch);
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  process.stderr.write(` ${ok ? "done" : "failed"} after ${seconds} s\n`);
  return { ok, output: tail.length < KEPT_AT_EITHER_END ? head + tail : `${head}\n…\n${tail}`, seconds };
}

/** What a program prints, trimmed; undefined when it is not there or fails. */
export function outputOf(program, args, env = process.env) {
  const result = spawnSync(program, args, { encoding: "utf8", env, timeout: 20_000 });
  return result.status === 0 ? result.stdout.trim() : undefined;
}
