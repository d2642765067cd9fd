import { execFileSync, spawnSync } from "node:child_process";
import { array, assert, constantFrom, oneof, property, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { loaderCommand, programText } from "../../hosts/remote-program.ts";

const NONCE = "understudy-0123456789abcdef";
const shells = ["dash", "bash", "busybox"].filter(
  (shell) => spawnSync("sh", ["-c", `command -v ${shell}`]).status === 0,
);

/** Runs a program as the node would, with the given shell as its `sh`. */
function run(shell: string, script: string, args: readonly string[], before = ""): { stdout: string; code: number } {
  const loader = loaderCommand(NONCE).replace(/^sh/, shell === "busybox" ? "exec busybox sh" : `exec ${shell}`);
  // With input, what is left of standard input belongs to the script; there is none.
  const input = before + programText(NONCE, { script, args, takesInput: true });
  const stdout = execFileSync("sh", ["-c", loader], { input, stdio: ["pipe", "pipe", "ignore"] }).toString("latin1");
  const found = /^[^]*ready\n([^]*)understudy-0123456789abcdef: end (\d+)\n$/.exec(stdout);
  return { stdout: found?.[1] ?? `unexpected: ${stdout}`, code: Number(found?.[2]) };
}

describe.each(shells)("the program under %s", (shell) => {
  it("hands over arguments byte for byte", () => {
    const nasty = constantFrom(
      "'",
      '"',
      "\\",
      "\n",
      "$x",
      "`id`",
      "!!",
      "*",
      " ",
      "-n",
      "\t",
      "#",
      ";",
      "&",
      "|",
      "%s",
      "\\n",
      "''",
      "ü",
      "\x7f",
      "\r",
    );
    const argument = oneof(
      array(nasty, { maxLength: 8 }).map((parts) => parts.join("")),
      string({ unit: "binary" }),
    );
    assert(
      property(array(argument, { maxLength: 4 }), (raw) => {
        const args = raw.map((text) => text.replaceAll("\0", "").toWellFormed());
        const { stdout } = run(shell, 'printf "%s\\0" "$#" "$@"', args);
        expect(Buffer.from(stdout, "latin1").toString("utf8").split("\0").slice(0, -1)).toEqual([
          String(args.length),
          ...args,
        ]);
      }),
      { numRuns: 120 },
    );
  });

  it("runs a script of many lines with quotes and gives its exit status", () => {
    expect(run(shell, "a='x\ny'\nprintf '%s' \"$a\"\nexit 7", [])).toEqual({ stdout: "x\ny", code: 7 });
    expect(run(shell, "kill -TERM $$", []).code).toBe(143);
  });

  it("throws away what comes before the program, such as a password that nobody wanted", () => {
    expect(run(shell, "cat; echo done", [], "s3cret'\"\\\n")).toEqual({ stdout: "done\n", code: 0 });
  });

  it("runs nothing of a program that did not come whole", () => {
    const whole = programText(NONCE, { script: "echo ran", args: [], takesInput: false });
    const result = spawnSync(
      "sh",
      ["-c", loaderCommand(NONCE).replace(/^sh/, shell === "busybox" ? "busybox sh" : shell)],
      { input: whole.slice(0, -10) },
    );
    expect(result.status).toBe(97);
    expect(result.stdout.toString()).toBe(`${NONCE}: ready\n`);
  });
});

it("has a first line that every login shell quotes alike", () => {
  const text = loaderCommand(NONCE);
  expect(text).not.toMatch(/[\\!\n]/);
  expect(text.split("'")).toHaveLength(3);
  // The C shell's limit for one word was 1024 characters.
  expect(text.length).toBeLessThan(1000);
});

it("refuses NUL bytes, which no argument can carry", () => {
  expect(() => programText(NONCE, { script: "true", args: ["a\0b"], takesInput: false })).toThrow(RangeError);
});
