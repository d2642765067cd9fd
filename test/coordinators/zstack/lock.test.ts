import { spawnSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLink, type Link } from "../../../coordinators/zstack/link.ts";
import { MtClient } from "../../../coordinators/zstack/mt-client.ts";
import { isSilent } from "../../../coordinators/zstack/radio.ts";
import { until } from "../../hosts/ssh-server.ts";
import { Sticks } from "./support/sticks.ts";

let sticks: Sticks;
let port: string;
beforeEach(async () => {
  sticks = await Sticks.start();
  ({ port } = await sticks.plugIn("a", "00124b00000000a1"));
});
afterEach(() => sticks.stop());

/** Whether somebody holds the lock that Zigbee2MQTT's serial port takes: an exclusive flock on the device. */
function locked(): boolean {
  const { status } = spawnSync("flock", ["-n", port, "true"]);
  return status === 1;
}

async function talk(signal?: AbortSignal): Promise<Link> {
  const link = await openLink(sticks.host, { port, privileged: false, signal });
  const mt = new MtClient(link, { node: "node", port });
  await mt.recover();
  expect(await isSilent(mt)).toBe(true);
  return link;
}

describe("the lock of a coordinator's port", () => {
  it("is held as long as it is spoken with, and free at once afterwards", async () => {
    expect(locked()).toBe(false);
    const link = await talk();
    expect(locked()).toBe(true);
    await link.close();
    expect(locked()).toBe(false);
    await (await talk()).close();
  });

  it("is free when the connection to the node is lost", async () => {
    const link = await talk();
    sticks.server.cutConnections();
    expect(await link.failure()).toMatchObject({ id: "OUTCOME_UNKNOWN" });
    await until(() => !locked(), "the port stays locked");
    await until(() => sticks.server.processes().length === 0, "processes are left");
    await (await talk()).close();
  });

  it("is free when the conversation is aborted", async () => {
    const abort = new AbortController();
    const link = await talk(abort.signal);
    abort.abort(new Error("cancelled"));
    expect(await link.failure()).toMatchObject({ message: "cancelled" });
    expect(locked()).toBe(false);
    await until(() => sticks.server.processes().length === 0, "processes are left");
  });

  it("ends with the stick", async () => {
    const { dongle, port: other } = await sticks.plugIn("b", "00124b00000000b2");
    const link = await openLink(sticks.host, { port: other, privileged: false });
    await dongle.unplug();
    expect(await link.failure()).toMatchObject({ id: "COORDINATOR_MISSING" });
    await until(() => sticks.server.processes().length === 0, "processes are left");
  });

  it("keeps Zigbee2MQTT's own serial port out", async () => {
    const link = await talk();
    const program = `
      const { autoDetect } = require("@serialport/bindings-cpp");
      autoDetect().open({ path: process.argv[1], baudRate: 115200 }).then(
        (opened) => opened.close().then(() => console.log("opened")),
        (error) => console.log(error.message),
      );`;
    const open = (): string =>
      spawnSync(process.execPath, ["-e", program, port], { encoding: "utf8", cwd: import.meta.dirname }).stdout;
    expect(open()).toContain("Cannot lock port");
    await link.close();
    expect(open()).toBe("opened\n");
  });
});

const busybox = spawnSync("busybox", ["dd", "if=/dev/null"]).status === 0;

it.skipIf(!busybox)("speaks with the tools of busybox, too", async () => {
  for (const tool of ["cat", "dd", "stty", "sleep"]) sticks.server.addProgram(tool, `exec busybox ${tool} "$@"`);
  const link = await talk();
  expect((await sticks.host.run("echo not held up")).code).toBe(0);
  await link.close();
  expect(locked()).toBe(false);
});

describe("a port that cannot be had", () => {
  it.each([
    ["a path where nothing is", "/dev/serial/by-id/nothing"],
    ["a device that is no serial port", "/dev/null"],
    ["an address where nobody answers", "tcp://127.0.0.1:1"],
  ])("is missing: %s", async (_what, path) => {
    await expect(openLink(sticks.host, { port: path, privileged: false })).rejects.toMatchObject({
      id: "COORDINATOR_MISSING",
    });
  });
});
