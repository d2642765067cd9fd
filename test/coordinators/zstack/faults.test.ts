import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { zstackCoordinator } from "../../../coordinators/zstack/zstack.ts";
import { connectHost } from "../../../hosts/ssh-host.ts";
import { formedImage } from "../../support/nvram-builder.ts";
import { startStack } from "../../support/serial-port.ts";
import { Sticks } from "./support/sticks.ts";
import { pull } from "../../support/stick-link.ts";

let sticks: Sticks;
beforeAll(async () => {
  sticks = await Sticks.start();
});
afterAll(() => sticks.stop());

async function formed(name: string, hardwareIeee: string) {
  const stick = await sticks.plugIn(name, hardwareIeee);
  await stick.coordinator.replace(formedImage());
  return stick;
}

describe("an answer that is lost", () => {
  it("is asked for again, and never taken for an item that does not exist", async () => {
    const { coordinator, dongle } = await formed("a", "00124b00000000a1");
    const image = await coordinator.dump();
    for (const direction of ["from-host", "to-host"] as const) {
      const reading = coordinator.dump();
      const timer = setTimeout(() => dongle.loseBytes(direction, 5), 150);
      expect(await reading).toEqual(image);
      clearTimeout(timer);
    }
  });

  it("is the end where no more come", async () => {
    const { coordinator, dongle } = await formed("b", "00124b00000000b2");
    const reading = coordinator.dump();
    setTimeout(() => dongle.hang(), 100);
    await expect(reading).rejects.toMatchObject({ id: "COORDINATOR_UNREADABLE", node: "node" });
  });

  it("before any other means that nobody is there", async () => {
    const { coordinator, dongle, port } = await formed("c", "00124b00000000c3");
    dongle.hang();
    await expect(coordinator.dump()).rejects.toMatchObject({ id: "COORDINATOR_UNREADABLE" });
    await pull(port, dongle);
    await expect(coordinator.dump()).rejects.toMatchObject({ id: "COORDINATOR_MISSING" });
    await expect(coordinator.silence()).rejects.toMatchObject({ id: "COORDINATOR_MISSING" });
  });
});

describe("a write that goes wrong", () => {
  it("is told, does not go on the air, does not carry the mark, and can be done again", async () => {
    const { coordinator, dongle } = await formed("d", "00124b00000000d4");
    dongle.failWriteAfter(4);
    const other = formedImage({ panId: 0x1111, channel: 20, key: "ee".repeat(16) });
    await expect(coordinator.replace(other)).rejects.toMatchObject({ id: "COORDINATOR_WRITE_FAILED" });
    expect(dongle.inspect()).toMatchObject({ onAir: false, configured: false });
    await coordinator.replace(other);
    expect(dongle.inspect()).toMatchObject({ configured: true, panId: 0x1111, channel: 20 });
  });

  it("is found where the flash keeps something else", async () => {
    const { coordinator, dongle } = await formed("e", "00124b00000000e5");
    dongle.garbleWriteAfter(1);
    await expect(coordinator.write({ LEGACY: { PANID: "3412" } })).rejects.toMatchObject({
      id: "COORDINATOR_VERIFY_FAILED",
      what: expect.stringContaining("PANID differs"),
    });
  });

  it("is not begun under a stack that is started", async () => {
    const { coordinator, dongle, port } = await formed("f", "00124b00000000f6");
    await startStack(port);
    await coordinator.write({ LEGACY: { PANID: "3412" } });
    expect(dongle.onAir).toBe(false);
    expect((await coordinator.read({ LEGACY: ["PANID", "NO_SUCH_ITEM"] })).LEGACY).toEqual({ PANID: "3412" });
  });
});

describe("a coordinator that stays on the air", () => {
  it("is not believed to be silent where it does not answer", async () => {
    const { port, dongle } = await formed("g", "00124b0000000017");
    dongle.hang();
    await expect(zstackCoordinator(sticks.host, { port, resetTimeoutMs: 300 }).silence()).rejects.toMatchObject({
      id: "COORDINATOR_NOT_SILENT",
    });
  });

  it("cannot be spoken with where the node is not reached", async () => {
    const host = connectHost({
      name: "away",
      ssh: { ...sticks.server.target, port: 1 },
      privilege: { kind: "none" },
    });
    await expect(zstackCoordinator(host, { port: "/dev/x" }).silence()).rejects.toMatchObject({
      id: "HOST_UNREACHABLE",
    });
    await host.close();
  });
});
