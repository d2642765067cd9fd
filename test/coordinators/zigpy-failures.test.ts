import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UnderstudyError } from "../../model/errors.ts";
import { raiseCounters } from "../../coordinators/frame-counters.ts";
import { serializeNvramImage } from "../../coordinators/nvram-image.ts";
import { zigpyCoordinator } from "../../coordinators/zigpy-znp.ts";
import { temporaryDirectory } from "../support/data-directory.ts";
import { localHost } from "../support/local-host.ts";
import { formedImage, SAMPLE_KEY } from "../support/nvram-builder.ts";
import { nodeKinds } from "../support/shells.ts";

const image = formedImage();

/** Stands in for Python where only what a tool prints and how it ends matters; the real one is in zigpy-znp.test.ts. */
describe.each(nodeKinds())("zigpy-znp's tools on a node ($kind)", ({ options }) => {
  const host = localHost(options);
  let directory: ReturnType<typeof temporaryDirectory>;
  let python: string;

  beforeEach(() => {
    directory = temporaryDirectory();
    python = join(directory.path, "python 3");
    writeFileSync(join(directory.path, "image.json"), serializeNvramImage(image));
  });
  afterEach(() => directory.remove());

  /** `$2` is the tool's module, `$D` the directory of this test; every call leaves a line in `calls`. */
  function tool(body: string): void {
    writeFileSync(
      python,
      `#!/bin/sh\nD='${directory.path}'\necho "$*" >> "$D/calls"\necho "INFO NWKKEY = ${SAMPLE_KEY}" >&2\n${body}\n`,
    );
    chmodSync(python, 0o755);
  }

  const calls = (): string[] => readFileSync(join(directory.path, "calls"), "utf8").trim().split("\n");
  const coordinator = (port = "/dev/stick"): ReturnType<typeof zigpyCoordinator> =>
    zigpyCoordinator(host, { port, python });

  it("read an image from standard output", async () => {
    tool('cat "$D/image.json"');
    expect(await coordinator().dump()).toEqual(image);
    expect(calls()).toEqual(["-m zigpy_znp.tools.nvram_read /dev/stick"]);
  });

  it("reach a network coordinator by the name that zigpy has for it", async () => {
    tool('cat "$D/image.json"');
    await coordinator("tcp://192.0.2.9:6638").dump();
    expect(calls()).toEqual(["-m zigpy_znp.tools.nvram_read socket://192.0.2.9:6638"]);
  });

  it("read once more after a first failure, as happens right after Zigbee2MQTT ended", async () => {
    tool('[ "$(wc -l < "$D/calls")" -gt 1 ] || exit 1; cat "$D/image.json"');
    expect(await coordinator().dump()).toEqual(image);
    expect(calls()).toHaveLength(2);
  });

  it("replace an image: reset, write, read back, with no file on the node", async () => {
    tool('case $2 in *write) cat > "$D/written" ;; *read) cat "$D/written" ;; esac');
    const raised = raiseCounters(image, { network: 90_000, linkKeys: 5_000 });
    await coordinator().replace(raised);
    expect(calls()).toEqual([
      "-m zigpy_znp.tools.nvram_reset /dev/stick",
      "-m zigpy_znp.tools.nvram_write /dev/stick -i -",
      "-m zigpy_znp.tools.nvram_read /dev/stick",
    ]);
    expect(readFileSync(join(directory.path, "written"), "utf8")).toBe(serializeNvramImage(raised));
  });

  it("notice that something else was stored, and say which item", async () => {
    tool('case $2 in *write) cat > /dev/null ;; *read) cat "$D/image.json" ;; esac');
    const error = await failure(coordinator().replace(raiseCounters(image, { network: 90_000, linkKeys: 0 })));
    expect(error).toMatchObject({
      id: "COORDINATOR_VERIFY_FAILED",
      what: expect.stringContaining("NWK_SEC_MATERIAL_TABLE 0x0000 differs"),
    });
  });

  it("stop at the first one that fails", async () => {
    tool("case $2 in *reset) exit 1 ;; esac");
    expect(await failure(coordinator().replace(image))).toMatchObject({
      id: "COORDINATOR_WRITE_FAILED",
      what: expect.stringContaining("nvram_reset"),
    });
    expect(calls()).toHaveLength(1);
  });

  it.each([
    ["ModuleNotFoundError: No module named 'zigpy_znp'", "COORDINATOR_TOOL_MISSING", "COORDINATOR_TOOL_MISSING"],
    [
      "FileNotFoundError: [Errno 2] No such file or directory: '/dev/stick'",
      "COORDINATOR_MISSING",
      "COORDINATOR_MISSING",
    ],
    ["ConnectionRefusedError: [Errno 111] Connect call failed", "COORDINATOR_MISSING", "COORDINATOR_MISSING"],
    ["The serial port is locked by another application", "COORDINATOR_BUSY", "COORDINATOR_BUSY"],
    ["PermissionError: [Errno 13] Permission denied: '/dev/stick'", "PRIVILEGE_REFUSED", "PRIVILEGE_REFUSED"],
    ["TimeoutError", "COORDINATOR_UNREADABLE", "COORDINATOR_WRITE_FAILED"],
    ["InvalidCommandResponse: Status.NV_OPER_FAILED", "COORDINATOR_UNREADABLE", "COORDINATOR_WRITE_FAILED"],
    ["something nobody has seen before", "COORDINATOR_UNREADABLE", "COORDINATOR_WRITE_FAILED"],
  ])("fail as %s, without a word of their output", async (printed, whenReading, whenWriting) => {
    tool(`echo "Traceback ${SAMPLE_KEY}" >&2; echo "${printed} ${SAMPLE_KEY}" >&2; exit 1`);
    for (const [id, error] of [
      [whenReading, await failure(coordinator().dump())],
      [whenWriting, await failure(coordinator().replace(image))],
    ] as const) {
      expect(error).toMatchObject({ id, node: "local" });
      expect(JSON.stringify([error.message, error.stack, error.what, error.next])).not.toContain(SAMPLE_KEY);
    }
  });

  it("let nothing but known words leave the node on standard error", async () => {
    tool(`echo "No module named zigpy_znp ${SAMPLE_KEY}" >&2; cat "$D/image.json"; exit 1`);
    const seen: string[] = [];
    const listening: typeof host = {
      ...host,
      run: async (script, runOptions) => {
        const result = await host.run(script, runOptions);
        seen.push(result.stderr);
        return result;
      },
    };
    await failure(zigpyCoordinator(listening, { port: "/dev/stick", python }).dump());
    expect(seen).toEqual(["znp:tool-missing\nstep:nvram_read\n"]);
  });

  it("are missed where there is no Python", async () => {
    expect(
      await failure(zigpyCoordinator(host, { port: "/dev/stick", python: "/nowhere/python" }).dump()),
    ).toMatchObject({
      id: "COORDINATOR_TOOL_MISSING",
      what: expect.stringContaining("/nowhere/python"),
    });
  });

  it("end with their caller", async () => {
    tool("exec sleep 60");
    const abort = new AbortController();
    const dumping = coordinator().dump(abort.signal);
    setTimeout(() => abort.abort(new Error("cancelled")), 50);
    await expect(dumping).rejects.toThrow("cancelled");
  });
});

async function failure(work: Promise<unknown>): Promise<UnderstudyError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof UnderstudyError) return error;
  throw new Error("an UnderstudyError was expected", { cause: error });
}
