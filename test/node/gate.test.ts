import { readdirSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isGrantValid, readBootId, readEpoch, readGrant, writeGrant } from "../../generations/node-state.ts";
import { killedBefore } from "../support/killed-script.ts";
import { localHost } from "../support/local-host.ts";
import { nodeKinds } from "../support/shells.ts";
import { NodePrograms } from "./support/node-programs.ts";

const GRANT = '{"epoch":7,"bootId":"boot-1","handover":"handover:zigbee"}\n';

describe.each(nodeKinds())("I2: the gate before each start ($kind)", ({ options }) => {
  let node: NodePrograms;
  beforeEach(() => {
    node = new NodePrograms(options);
    node.keep("epoch", "7\n");
    node.keep("grant.json", GRANT);
  });
  afterEach(() => node.remove());

  it("lets a node serve under a grant of this boot and of the highest epoch, without a word", () => {
    expect(node.gate()).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  it("takes little time", () => {
    const times = Array.from({ length: 10 }, () => {
      const began = performance.now();
      node.gate();
      return performance.now() - began;
    });
    expect(times.toSorted((a, b) => a - b)[2]).toBeLessThan(50);
  });

  it.each([
    ["there is no grant", "grant.json", undefined, "it has no grant"],
    [
      "the grant is of another boot",
      "grant.json",
      GRANT.replace("boot-1", "boot-0"),
      "it has booted since it was granted to serve (epoch 7)",
    ],
    ["a higher epoch is known", "epoch", "8\n", "epoch 8 has begun: another node took over"],
    ["a much higher epoch is known", "epoch", "10\n", "epoch 10 has begun"],
    ["the epoch is empty", "epoch", "", "cannot be read"],
    ["the epoch was cut off", "epoch", "7", "cannot be read"],
    ["the epoch is no number", "epoch", "seven\n", "cannot be read"],
    ["the epoch is too large for any shell", "epoch", "99999999999999999999\n", "cannot be read"],
    ["the epoch is a command", "epoch", "$(exit 0)\n", "cannot be read"],
    ["the grant is empty", "grant.json", "", "cannot be read"],
    ["the grant was cut off at its end", "grant.json", GRANT.trimEnd(), "cannot be read"],
    ["the grant was cut off in the middle", "grant.json", `${GRANT.slice(0, 30)}\n`, "cannot be read"],
    ["the grant is full of zeros, as after a power cut", "grant.json", "\0".repeat(60), "cannot be read"],
    ["the grant is something else", "grant.json", "[]\n", "cannot be read"],
    ["the grant has no epoch", "grant.json", '{"epoch":,"bootId":"boot-1","handover":"x"}\n', "cannot be read"],
    [
      "the grant has a negative epoch",
      "grant.json",
      '{"epoch":-1,"bootId":"boot-1","handover":"x"}\n',
      "cannot be read",
    ],
    ["the grant names no boot", "grant.json", '{"epoch":7,"bootId":"","handover":"x"}\n', "cannot be read"],
  ])("refuses where %s, and says why and what to do", (_case, file, content, reason) => {
    node.keep(file, content);
    const { code, stderr } = node.gate();
    expect(code).toBe(1);
    expect(stderr).toContain(reason);
    expect(stderr).toContain("understudy-node start --i-know");
  });

  it("refuses where the boot cannot be told", () => {
    node.boot("");
    expect(node.gate().code).toBe(1);
  });

  it("is not misled by what a power cut left beside the files", () => {
    node.keep(".grant.json.new", GRANT.replace("7", "9"));
    node.keep(".epoch.new", "");
    expect(node.gate().code).toBe(0);
    node.keep("grant.json", undefined);
    expect(node.gate().code).toBe(1);
  });

  it("agrees with what the controller reads, and takes what it writes", async () => {
    const host = localHost({ ...options, env: { ...options.env, UNDERSTUDY_BOOT_ID_FILE: `${node.path}/boot_id` } });
    const paths = { name: "a", dataDirectory: `${node.path}/data`, stateDirectory: node.state };
    const valid = async () =>
      isGrantValid(await readGrant(host, paths), await readBootId(host), await readEpoch(host, paths));
    for (const epoch of [7, 8, 12]) {
      await writeGrant(host, paths, { epoch, bootId: "boot-1", handover: "h" });
      expect([node.gate().code, await valid()]).toEqual([0, true]);
    }
    node.boot("boot-2");
    expect([node.gate().code, await valid()]).toEqual([1, false]);
    await writeGrant(host, paths, { epoch: 12, bootId: "boot-2", handover: "h" });
    expect([node.gate().code, await valid()]).toEqual([0, true]);
  });

  it("a grant that was killed at any moment is the old one, none, or the new one", async () => {
    const script = `. "$1/common.sh"; . "$1/permission.sh"; state=$2; grant 8 alone-person`;
    node.boot("boot-2");
    node.keep("grant.json", GRANT);
    for (let n = 1; n < 30; n++) {
      node.keep("epoch", "7\n");
      node.keep("grant.json", GRANT);
      const host = localHost({ ...options, env: envOf(node, options.env), alter: killedBefore(n) });
      const { code } = await host.run(script, { args: [node.library, node.state] });
      const whole = node.kept("grant.json")?.includes('"epoch":8,"bootId":"boot-2"') === true;
      expect({ n, allowed: node.gate().code === 0 }).toEqual({ n, allowed: whole });
      if (code === 0) {
        expect(whole).toBe(true);
        expect(readdirSync(node.state).filter((name) => name.endsWith(".new"))).toEqual([]);
        return;
      }
    }
    expect.unreachable("the script never came to its end");
  });
});

function envOf(node: NodePrograms, env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...env, UNDERSTUDY_BOOT_ID_FILE: `${node.path}/boot_id` };
}
