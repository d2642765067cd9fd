import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runNodeScript } from "../../generations/node-script.ts";
import { readCoordinatorState, writeCoordinatorState } from "../../generations/node-state.ts";
import type { CoordinatorState } from "../../generations/node-state.ts";
import type { Host } from "../../hosts/host.ts";
import { temporaryDirectory } from "../support/data-directory.ts";
import { localHost } from "../support/local-host.ts";
import { nodeKinds } from "../support/shells.ts";

/** A node whose connection is lost under each command's input, after so many bytes of it. */
function cutOff(host: Host, bytes: number): Host {
  return {
    ...host,
    run: (script, options = {}) =>
      host.run(script, { ...options, input: (options.input as Uint8Array | undefined)?.subarray(0, bytes) }),
  };
}

describe.each(nodeKinds())("a script of the node ($kind)", ({ options }) => {
  const host = localHost(options);
  let directory: ReturnType<typeof temporaryDirectory>;
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(() => directory.remove());

  it("keeps its input as it is, and passes its arguments on", async () => {
    const file = join(directory.path, "file");
    const input = Buffer.from([0, 1, 2, 10, 13, 255, 10, 10]);
    const output = await runNodeScript(host, 'take "$1"; echo "$#$2"', { purpose: "test", args: [file, "two"], input });
    expect(output.toString()).toBe("2two\n");
    expect(readFileSync(file)).toEqual(input);
  });

  it.each([0, 10])("I9: takes no input of which only %i bytes came", async (bytes) => {
    const node = {
      name: "a",
      dataDirectory: join(directory.path, "data"),
      stateDirectory: join(directory.path, "state"),
    };
    const clean: CoordinatorState = {
      state: "clean",
      generation: "g1",
      ieee: "0x00",
      maxFrameCounter: 5,
      maxLinkKeyCounter: 5,
      sha256: "00",
    };
    mkdirSync(node.stateDirectory);
    await writeCoordinatorState(host, node, clean);
    await expect(writeCoordinatorState(cutOff(host, bytes), node, { ...clean, state: "dirty" })).rejects.toMatchObject({
      id: "COMMAND_FAILED",
    });
    expect(await readCoordinatorState(host, node)).toEqual(clean);
    expect(existsSync(join(node.stateDirectory, ".coordinator.json.new"))).toBe(false);
  });
});
