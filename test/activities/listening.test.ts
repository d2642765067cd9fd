import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { listenForActive } from "../../activities/listen-for-active.ts";
import { noteListening } from "../../activities/note-listening.ts";
import type { EffectiveNode } from "../../config/effective.ts";
import { zigpyCoordinator } from "../../coordinators/zigpy-znp.ts";
import { captureGeneration } from "../../generations/capture.ts";
import { newGenerationId } from "../../generations/generation.ts";
import { Air } from "../../lab/air/air.ts";
import { Dongle } from "../../lab/coordinator/dongle.ts";
import { localWorld, runActivity } from "../support/activity.ts";
import { SAMPLE_DATA, temporaryDirectory, writeTree } from "../support/data-directory.ts";
import { localHost } from "../support/local-host.ts";
import { formedImage } from "../support/nvram-builder.ts";
import { holdPort, startStack } from "../support/serial-port.ts";
import { plugUnder, pull } from "../support/stick-link.ts";

const PYTHON = join(import.meta.dirname, "../../.cache/python/bin/python");
const host = localHost();

let directory: ReturnType<typeof temporaryDirectory>;
let air: Air;
let dongles: Dongle[];
let active: Dongle;
let standby: Dongle;
let node: EffectiveNode;
let stepOf: { service: string; node: string; epoch: number; handover: string; active: string };

/** The flash of a stick that holds the network. */
let formedStick: Buffer;

beforeAll(async () => {
  directory = temporaryDirectory();
  air = new Air();
  dongles = [];
  const stick = dongle("a", "00124b00000000a1");
  const { path: port } = await stick.plug();
  await zigpyCoordinator(host, { port, python: PYTHON }).replace(formedImage());
  await stick.unplug();
  formedStick = readFileSync(join(directory.path, "a.json"));
  directory.remove();
});

beforeEach(async () => {
  directory = temporaryDirectory();
  air = new Air();
  dongles = [];
  writeFileSync(join(directory.path, "a.json"), formedStick);
  active = dongle("a", "00124b00000000a1");
  const { path: activePort } = await active.plug();
  await startStack(activePort);
  standby = dongle("b", "00124b00000000b2");
  const port = await plugUnder(join(directory.path, "b"), standby);
  node = {
    name: "b",
    manager: { kind: "commands", start: "true", stop: "true", status: `exit $(cat ${join(directory.path, "status")})` },
    coordinator: { driver: "zigpy-znp", port, python: PYTHON, serialNumber: "b2" },
    dataDirectory: join(directory.path, "data"),
    stateDirectory: join(directory.path, "state"),
  } as unknown as EffectiveNode;
  serviceIs("stopped");
  await copyNetwork();
  stepOf = { service: "zigbee", node: "b", epoch: 4, handover: "h", active: "a" };
});

afterEach(async () => {
  for (const each of dongles) await each.unplug();
  air.close();
  directory.remove();
});

function dongle(name: string, hardwareIeee: string): Dongle {
  const stateFile = join(directory.path, `${name}.json`);
  const made = new Dongle({ name, hardwareIeee, stateFile, timing: "off", air });
  dongles.push(made);
  return made;
}

function serviceIs(state: "stopped" | "running"): void {
  writeFileSync(join(directory.path, "status"), state === "running" ? "0" : "3");
}

async function copyNetwork(): Promise<void> {
  writeTree(node.dataDirectory, SAMPLE_DATA);
  await captureGeneration(host, node, {
    id: newGenerationId(4),
    service: "zigbee",
    epoch: 4,
    createdAt: new Date(),
    zigbee2mqttVersion: "2.14.1",
    image: formedImage(),
  });
}

const listen = (input: Partial<typeof stepOf> = {}) =>
  runActivity(() => listenForActive(localWorld("zigbee", [node]))({ ...stepOf, ...input }));
const note = () => runActivity(() => noteListening(localWorld("zigbee", [node]))(stepOf));

test("an active coordinator is heard whether or not it was heard before, also through lost beacons", async () => {
  air.loseBeacons(7);
  expect(await listen()).toMatchObject({ scanned: true, heard: true, heardBefore: false });
  expect(standby.inspect()).toMatchObject({ onAir: false, deviceState: 0 });
  // Its firmware hangs, and its radio goes on.
  active.hang();
  expect(await listen()).toMatchObject({ scanned: true, heard: true });
  expect(air.doubleActiveMs()).toBe(0);
});

test("silence means something only where the active one was heard while it served", async () => {
  await active.unplug();
  expect(await listen()).toMatchObject({
    scanned: true,
    heard: false,
    heardBefore: false,
    detail: expect.stringContaining("never listened"),
  });

  const { path } = await active.plug();
  await expect.poll(() => active.inspect().deviceState).toBe(0);
  await startStack(path);
  expect(await note()).toMatchObject({ scanned: true, heard: true, heardBefore: true });
  await active.unplug();
  expect(await listen()).toMatchObject({ scanned: true, heard: false, heardBefore: true });
  // Another one serves now, which it has not heard.
  expect(await listen({ active: "c" })).toMatchObject({
    heard: false,
    heardBefore: false,
    detail: expect.stringContaining("another node served"),
  });
  expect(JSON.parse(readFileSync(join(node.stateDirectory, "heard.json"), "utf8"))).toMatchObject({
    context: { active: "a", stick: "b2", channel: 15, panId: 0x4402 },
    listenings: [{ coordinator: true, routers: 0 }],
  });
});

test("having heard it, a standby does not listen again within the hour", async () => {
  await note();
  const scans = air.beaconRequests.length;
  expect(await note()).toMatchObject({ scanned: false, heard: true, heardBefore: true });
  expect(air.beaconRequests.length).toBe(scans);
});

test("a standby that does not hear the active one says so, and tries again each time", async () => {
  air.loseBeacons(1_000);
  expect(await note()).toMatchObject({
    scanned: true,
    heard: false,
    heardBefore: false,
    detail: expect.stringContaining("out of range"),
  });
  air.loseBeacons(0);
  expect(await note()).toMatchObject({ scanned: true, heard: true, heardBefore: true });
});

test("what cannot listen says why, and is no error", async () => {
  serviceIs("running");
  expect(await listen()).toMatchObject({ scanned: false, detail: expect.stringContaining("not known to be stopped") });
  serviceIs("stopped");

  const release = await holdPort(node.coordinator.port);
  expect(await listen()).toMatchObject({
    scanned: false,
    heard: false,
    detail: expect.stringContaining("another pro"),
  });
  expect(await note()).toMatchObject({ scanned: false, heardBefore: false });
  await release();

  await pull(node.coordinator.port, standby);
  expect(await listen()).toMatchObject({ scanned: false, detail: expect.stringContaining("no coordinator at") });
  expect(existsSync(join(node.stateDirectory, "heard.json"))).toBe(false);
});

test("a coordinator on the network that may be the one that serves is left alone", async () => {
  const shared = dongle("n", "00124b00000000c3");
  const { port } = await shared.listenTcp(0);
  node = { ...node, coordinator: { ...node.coordinator, port: `tcp://127.0.0.1:${port}` } };
  expect(await listen()).toMatchObject({ scanned: false, detail: expect.stringContaining("same coordinator") });
  const other = { ...node, name: "a" };
  const both = localWorld("zigbee", [other, node]);
  expect(await runActivity(() => noteListening(both)(stepOf))).toMatchObject({
    scanned: false,
    detail: expect.stringContaining("a has the same coordinator"),
  });
  expect(air.beaconRequests).toEqual([]);
});
