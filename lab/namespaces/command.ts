import { execFile } from "node:child_process";

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** Written to the command's standard input, which is otherwise empty. */
  readonly input?: string;
  /** Milliseconds until it is killed and the call rejects. Default 30 000. */
  readonly timeoutMs?: number;
}

/** Runs a program of this machine and resolves with its exit status, whatever that is; rejects if it never ran or was killed. */
export function runCommand(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      file,
      [...args],
      { timeout: options.timeoutMs ?? 30_000, killSignal: "SIGKILL", maxBuffer: 16 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error === null) return resolve({ code: 0, stdout, stderr });
        if (typeof error.code === "number") return resolve({ code: error.code, stdout, stderr });
        reject(new Error(`${file} ${args.join(" ")} did not end by itself: ${error.message}`));
      },
    );
    child.stdin?.on("error", () => {}); // A program that never reads its input may be gone before it is written.
    child.stdin?.end(options.input ?? "");
  });
}

/** Runs a program of this machine that has to succeed; resolves with its standard output. */
export async function must(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const result = await runCommand(file, args, options);
  if (result.code !== 0) {
    throw new Error(
      `${file} ${args.join(" ")} ended with ${result.code}: ${result.stderr.trim() || result.stdout.trim()}`,
    );
  }
  return result.stdout;
}
