import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Air } from "../../lab/air/air.ts";
import { Dongle } from "../../lab/coordinator/dongle.ts";
import { judgeStick } from "../../coordinators/admission.ts";
import { counterPartial, highestCounters, nextCounters, raiseCounters } from "../../coordinators/frame-counters.ts";
import { compareImages } from "../../coordinators/image-diff.ts";
import { isBlank, readNetwork } from "../../coordinators/network.ts";
import { zigpyCoordinator } from "../../coordinators/zigpy-znp.ts";
import { temporaryDirectory } from "../support/data-directory.ts";
import { localHost } from "../support/local-host.ts";
import { formedImage, SAMPLE_EXTENDED_PAN_ID, SAMPLE_IEEE } from "../support/nvram-builder.ts";
import { holdPort, startStack } from "../support/serial-port.ts";
import { plugUnder, pull } from "../support/stick-link.ts";

const PYTHON = join(import.meta.dirname, "../../.cache/python/bin/python");
const host = localHost();
const network = { coordinatorIeee: SAMPLE_IEEE, extendedPanId: SAMPLE_EXTENDED_PAN_ID };
const nobody = { enrolled: false, dirty: false };

let directory: ReturnType<typeof temporaryDirectory>;
let air: Air;
let dongles: Dongle[];

beforeEach(() => {
  directory = temporaryDirectory();
  air = new Air();
  dongles = [];
});
afterEach(async () => {
  for (const dongle of dongles) await dongle.unplug();
  directory.remove();
});

async function plugIn(
  name: string,
  hardwareIeee: string,
): Promise<{ dongle: Dongle; port: string; coordinator: ReturnType<typeof zigpyCoordinator> }> {
  const dongle = new Dongle({
    name,
    hardwareIeee,
    stateFile: join(directory.path, `${name}.json`),
    timing: "off",
    air,
  });
  dongles.push(dongle);
  const port = await plugUnder(join(directory.path, name), dongle);
  return { dongle, port, coordinator: zigpyCoordinator(host, { port, python: PYTHON }) };
}

describe("a coordinator under real zigpy-znp", { timeout: 120_000 }, () => {
  it("hands its network over: silenced, read, written with raised counters, and compared", async () => {
    const active = await plugIn("a", "00124b00000000a1");
    await active.coordinator.replace(formedImage());
    await startStack(active.port);
    expect(active.dongle.onAir).toBe(true);

    expect(await active.coordinator.silence()).toEqual({ resetSeen: true, deviceState: 0 });
    expect(active.dongle.onAir).toBe(false);
    expect(active.dongle.inspect().deviceState).toBe(0);
    const image = await active.coordinator.dump();
    expect(readNetwork(image)).toMatchObject({ formed: true, ...network, panId: 0x4402, channel: 15, keyedDevices: 2 });

    const standby = await plugIn("b", "00124b00000000b2");
    const found = await standby.coordinator.dump();
    expect(isBlank(found)).toBe(true);
    expect(judgeStick(found, network, nobody)).toMatchObject({ allowed: false, ask: true });
    const target = nextCounters({
      dumps: [image],
      highestKnown: { network: 0, linkKeys: 0 },
      ageMs: 0,
      ratePerSecond: 0,
      margin: 500,
    });
    await standby.coordinator.replace(raiseCounters(image, target));
    expect(standby.dongle.onAir).toBe(false);
    expect(standby.dongle.inspect()).toMatchObject({
      configured: true,
      ieee: SAMPLE_IEEE.slice(2),
      keyFingerprint: active.dongle.inspect().keyFingerprint,
      nvCounter: (active.dongle.inspect().nvCounter ?? 0) + 1_500,
    });

    await startStack(standby.port);
    expect(standby.dongle.onAir).toBe(true);
    expect(active.dongle.onAir).toBe(false);
    expect(air.doubleActiveMs()).toBe(0);
    expect(air.counterViolations).toEqual([]);
  });

  it("takes counters alone, and keeps everything else", async () => {
    const { coordinator, dongle } = await plugIn("a", "00124b00000000a1");
    await coordinator.replace(
      formedImage({ anyNetworkCounter: 7_000, apsKeys: [{ key: "ab".repeat(16), tx: 5, rx: 6 }] }),
    );
    const before = await coordinator.dump();
    expect(judgeStick(before, network, nobody).verdict).toBe("ours");
    const raised = raiseCounters(before, { network: 200_000, linkKeys: 100_000 });
    await coordinator.write(counterPartial(raised));
    const after = await coordinator.dump();
    expect(highestCounters(after).network).toBe(200_000);
    expect(highestCounters(after).linkKeys).toBeGreaterThanOrEqual(100_000);
    expect(compareImages(raised, after)).toEqual([]);
    expect(dongle.inspect().nvCounter).toBe(200_000);
  });

  it("that fails half-way is told so, is not on the air, and can be written anew", async () => {
    const { coordinator, dongle } = await plugIn("a", "00124b00000000a1");
    await coordinator.replace(formedImage({ panId: 0x1111 }));
    dongle.failWriteAfter(8);
    await expect(coordinator.write(formedImage())).rejects.toMatchObject({
      id: "COORDINATOR_WRITE_FAILED",
      node: "local",
    });
    expect(dongle.onAir).toBe(false);
    await coordinator.replace(formedImage());
    expect(dongle.inspect()).toMatchObject({ configured: true, panId: 0x4402 });
  });

  it("that its host started and left is silenced, however often it is done", async () => {
    const { coordinator, dongle, port } = await plugIn("a", "00124b00000000a1");
    await coordinator.replace(formedImage());
    await startStack(port);
    expect(await coordinator.silence()).toMatchObject({ deviceState: 0 });
    expect(dongle.onAir).toBe(false);
    expect(await coordinator.silence()).toMatchObject({ deviceState: 0 });
  });

  it("on the network works alike", async () => {
    const dongle = new Dongle({
      name: "n",
      hardwareIeee: "00124b00000000c3",
      stateFile: join(directory.path, "n.json"),
      timing: "off",
      air,
    });
    dongles.push(dongle);
    const { port } = await dongle.listenTcp(0);
    const coordinator = zigpyCoordinator(host, { port: `tcp://127.0.0.1:${port}`, python: PYTHON });
    await coordinator.replace(formedImage());
    expect(await coordinator.silence()).toMatchObject({ resetSeen: true });
    expect(readNetwork(await coordinator.dump())).toMatchObject(network);
  });

  it("that another program holds is left alone", async () => {
    const { coordinator, port } = await plugIn("a", "00124b00000000a1");
    const release = await holdPort(port);
    await expect(coordinator.dump()).rejects.toMatchObject({ id: "COORDINATOR_BUSY" });
    await expect(coordinator.silence()).rejects.toMatchObject({ id: "COORDINATOR_BUSY" });
    await release();
    expect(isBlank(await coordinator.dump())).toBe(true);
  });

  it("that is hung or unplugged is told apart", async () => {
    const { coordinator, dongle, port } = await plugIn("a", "00124b00000000a1");
    await coordinator.dump();
    dongle.hang();
    await expect(coordinator.dump()).rejects.toMatchObject({ id: "COORDINATOR_UNREADABLE" });
    await pull(port, dongle);
    await expect(coordinator.dump()).rejects.toMatchObject({ id: "COORDINATOR_MISSING" });
    await expect(coordinator.silence()).rejects.toMatchObject({ id: "COORDINATOR_MISSING" });
  });

  it("is not reached without zigpy-znp", async () => {
    const { port } = await plugIn("a", "00124b00000000a1");
    const bare = zigpyCoordinator(host, { port, python: "/usr/bin/python3" });
    await expect(bare.dump()).rejects.toMatchObject({
      id: "COORDINATOR_TOOL_MISSING",
      next: expect.stringContaining("pip install zigpy-znp"),
    });
  });
});
