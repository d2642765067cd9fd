import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkCoordinator } from "../../activities/fitness/coordinator.ts";
import { preloadCoordinator } from "../../activities/preload-coordinator.ts";
import { restoreNvram } from "../../activities/restore-nvram.ts";
import { access } from "../../activities/support/world.ts";
import { referenceTo } from "../../activities/node/generation-ref.ts";
import type { World } from "../../activities/support/world.ts";
import type { EffectiveNode } from "../../config/effective.ts";
import { hashNvramImage } from "../../coordinators/nvram-image.ts";
import { tablesHash } from "../../coordinators/open-backup.ts";
import { zigpyCoordinator } from "../../coordinators/zigpy-znp.ts";
import { captureGeneration } from "../../generations/capture.ts";
import { newGenerationId } from "../../generations/generation.ts";
import { writeCoordinatorState } from "../../generations/node-state.ts";
import { Air } from "../../lab/air/air.ts";
import { Dongle } from "../../lab/coordinator/dongle.ts";
import { localWorld, runActivity } from "../support/activity.ts";
import { SAMPLE_DATA, temporaryDirectory, writeTree } from "../support/data-directory.ts";
import { localHost } from "../support/local-host.ts";
import { formedImage } from "../support/nvram-builder.ts";

const PYTHON = join(import.meta.dirname, "../../.cache/python/bin/python");
const host = localHost();

let directory: ReturnType<typeof temporaryDirectory>;
let air: Air;
let stick: Dongle;
let node: EffectiveNode;

beforeEach(async () => {
  directory = temporaryDirectory();
  air = new Air();
  const stateFile = join(directory.path, "stick.json");
  stick = new Dongle({ name: "stick", hardwareIeee: "00124b00000000b2", stateFile, timing: "off", air });
  const { path: port } = await stick.plug();
  node = {
    name: "b",
    manager: { kind: "commands", start: "true", stop: "true", status: "exit 3" },
    coordinator: { driver: "zigpy-znp", port, python: PYTHON },
    dataDirectory: join(directory.path, "data"),
    stateDirectory: join(directory.path, "state"),
  } as unknown as EffectiveNode;
});
afterEach(async () => {
  await stick.unplug();
  air.close();
  directory.remove();
});

test("I11: a stick without a serial number is not written by what the node remembers of the one before it", async () => {
  const { port } = node.coordinator;
  const foreign = formedImage({ ieee: "0x00124b0099aa0099", extendedPanId: "0x8877665544332211" });
  const coordinator = zigpyCoordinator(host, { port, python: PYTHON });
  await coordinator.replace(foreign);

  writeTree(node.dataDirectory, SAMPLE_DATA);
  const image = formedImage();
  const manifest = await captureGeneration(host, node, {
    id: newGenerationId(4),
    service: "zigbee",
    epoch: 4,
    createdAt: new Date(),
    zigbee2mqttVersion: "2.14.1",
    image,
  });
  await writeCoordinatorState(host, node, {
    state: "clean",
    generation: manifest.id,
    ieee: manifest.summary.coordinatorIeee,
    maxFrameCounter: manifest.summary.frameCounters.network,
    maxLinkKeyCounter: manifest.summary.frameCounters.linkKeys,
    sha256: hashNvramImage(image),
    preloaded: { tables: tablesHash(String(SAMPLE_DATA["coordinator_backup.json"])), readAt: new Date().toISOString() },
  });

  const result = await runActivity(() =>
    preloadCoordinator(world())({
      service: "zigbee",
      node: "b",
      epoch: 4,
      handover: "h",
      generation: referenceTo(manifest),
      highestCounters: { network: 900_000, linkKeys: 900_000 },
      mayWrite: true,
      enrolBlankStick: false,
    }),
  );
  expect(result).toMatchObject({
    preloaded: false,
    written: "nothing",
    because: expect.stringContaining("holds another network"),
  });
  expect((await coordinator.dump())["NWK_SEC_MATERIAL_TABLE"]).toMatchObject(foreign["NWK_SEC_MATERIAL_TABLE"] ?? {});
});

test("I11: a stick that does not report the serial number that is set for it is not written, blank or not", async () => {
  node = { ...node, coordinator: { ...node.coordinator, unproven: true } };
  writeTree(node.dataDirectory, SAMPLE_DATA);
  const manifest = await captureGeneration(host, node, {
    id: newGenerationId(4),
    service: "zigbee",
    epoch: 4,
    createdAt: new Date(),
    zigbee2mqttVersion: "2.14.1",
    image: formedImage(),
  });
  const step = { service: "zigbee", node: "b", epoch: 4, handover: "h", generation: referenceTo(manifest) };
  const highestCounters = { network: 900_000, linkKeys: 900_000 };
  const preloaded = await runActivity(() =>
    preloadCoordinator(world())({ ...step, highestCounters, mayWrite: true, enrolBlankStick: true }),
  );
  expect(preloaded).toMatchObject({ preloaded: false, because: expect.stringContaining("does not report the serial") });

  const restored = runActivity(() => restoreNvram(world())({ ...step, highestCounters, admitted: { enrolled: true } }));
  await expect(restored).rejects.toMatchObject({
    type: "COORDINATOR_FOREIGN",
    details: [{ next: expect.stringContaining("remove coordinator.serialNumber for b") }],
  });
  expect(stick.inspect().configured).toBe(false);

  const fitness = await runActivity(async () => {
    const at = await access(world(), step);
    return checkCoordinator(world(), at, manifest, new AbortController().signal);
  });
  expect(fitness.write).toBeUndefined();
  expect(fitness.findings).toMatchObject([{ check: "stick", node: "b", ok: false }]);
});

function world(): World {
  const made = localWorld("zigbee", [node]);
  const policy = { keepGenerations: 3, counterMargin: 1_000 };
  return {
    ...made,
    service: async (name, options) => ({ ...(await made.service(name, options)), policy }) as never,
  };
}
