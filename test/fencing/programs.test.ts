import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AgentRung, CommandRung } from "../../config/fencing.ts";
import { agentSwitch } from "../../fencing/agent.ts";
import { commandSwitch } from "../../fencing/command.ts";
import { switchTo } from "../../fencing/power-switch.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-fence-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const limits = { timeoutMs: 1_000, signal: new AbortController().signal };

function script(name: string, body: string): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** An agent that keeps its state in a file and what it was told in another. */
function agent(off = 'echo off > "$state"'): AgentRung {
  const state = join(directory, "state");
  writeFileSync(state, "on\n");
  const name = script(
    "fence_test",
    `state=${state}
    cat > ${directory}/told
    . ${directory}/told 2>/dev/null
    case $action in
      off) ${off} ;;
      on) echo on > "$state" ;;
      status) [ "$(cat "$state")" = on ] && exit 0; exit 2 ;;
    esac`,
  );
  const options = { ip: "10.0.0.9", plug: "3" };
  const secrets = { password: "sesame" };
  return { kind: "agent", name, options, secrets, proves: "host off", trusted: false, timeoutMs: 2_000 };
}

describe("a fence agent", () => {
  test("gets its options on standard input, and is believed by its status", async () => {
    await switchTo(agentSwitch(agent()), "off", limits);
    expect(readFileSync(join(directory, "state"), "utf8")).toBe("off\n");
    expect(readFileSync(join(directory, "told"), "utf8")).toBe("ip=10.0.0.9\nplug=3\npassword=sesame\naction=status\n");
  });

  test("fault 22: one that says it is done and reads on proves nothing", async () => {
    await expect(switchTo(agentSwitch(agent("exit 0")), "off", limits)).rejects.toMatchObject({
      what: expect.stringContaining("still reads on"),
    });
  });

  test("one that fails, and one that is not there, fail without a secret in the words", async () => {
    const failing = (await switchTo(agentSwitch(agent('echo "$password"; exit 1')), "off", limits).catch(
      (e: unknown) => e,
    )) as Error;
    expect(failing).toMatchObject({ id: "FENCING_FAILED" });
    expect(failing.message).not.toContain("sesame");
    await expect(agentSwitch({ ...agent(), name: "fence_of_nobody" }).read(limits.signal)).rejects.toMatchObject({
      what: expect.stringContaining("cannot be run"),
    });
  });

  test("one that hangs is ended with everything that it started", async () => {
    const hanging = agent(`(sleep 60; touch ${directory}/outlived) & sleep 60`);
    await expect(agentSwitch({ ...hanging, timeoutMs: 300 }).set("off", limits.signal)).rejects.toMatchObject({
      what: expect.stringContaining("did not end within"),
    });
    expect(existsSync(join(directory, "outlived"))).toBe(false);
  });
});

describe("commands of the user's own", () => {
  const command = (status: string, on?: string): CommandRung => ({
    kind: "command",
    off: `touch ${directory}/off`,
    status,
    ...(on === undefined ? {} : { on }),
    proves: "host off",
    trusted: false,
    timeoutMs: 2_000,
  });

  test("the status command decides: 0 is on, 2 is off", async () => {
    await switchTo(commandSwitch(command(`[ ! -e ${directory}/off ] || exit 2`)), "off", limits);
    await expect(switchTo(commandSwitch(command("true")), "off", limits)).rejects.toMatchObject({
      what: expect.stringContaining("still reads on"),
    });
  });

  test.each([1, 3, 127])("a status of %i says nothing: a command that fails is no host that is off", async (code) => {
    await expect(commandSwitch(command(`exit ${code}`)).read(limits.signal)).rejects.toMatchObject({
      id: "FENCING_FAILED",
    });
  });

  test("without a command for it, it is not switched on", async () => {
    await expect(commandSwitch(command("exit 2")).set("on", limits.signal)).rejects.toMatchObject({
      what: expect.stringContaining("no command"),
    });
  });
});
