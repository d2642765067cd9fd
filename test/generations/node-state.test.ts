import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  isGrantValid,
  raiseEpoch,
  readBootId,
  readCoordinatorState,
  readEpoch,
  readGrant,
  revokeGrant,
  writeCoordinatorState,
  writeGrant,
} from "../../generations/node-state.ts";
import { temporaryDirectory } from "../support/data-directory.ts";
import { killedBefore } from "../support/killed-script.ts";
import { localHost } from "../support/local-host.ts";
import { nodeKinds } from "../support/shells.ts";

describe.each(nodeKinds())("what a node knows of its part ($kind)", ({ options }) => {
  const host = localHost(options);
  let directory: ReturnType<typeof temporaryDirectory>;
  let node: { name: string; dataDirectory: string; stateDirectory: string };
  const grant = { epoch: 7, bootId: "boot-1", handover: "handover:zigbee" };

  beforeEach(() => {
    directory = temporaryDirectory();
    node = { name: "a", dataDirectory: join(directory.path, "data"), stateDirectory: join(directory.path, "state") };
  });
  afterEach(() => directory.remove());

  it("is nothing at first", async () => {
    expect(await readEpoch(host, node)).toBe(0);
    expect(await readGrant(host, node)).toBeUndefined();
    expect(await readCoordinatorState(host, node)).toBeUndefined();
    await revokeGrant(host, node);
  });

  it("I2: has an epoch that only grows", async () => {
    expect(await raiseEpoch(host, node, 9)).toBe(9);
    expect(await raiseEpoch(host, node, 10)).toBe(10);
    expect(await raiseEpoch(host, node, 3)).toBe(10);
    expect(await readEpoch(host, node)).toBe(10);
  });

  it("I2: takes a grant for the newest epoch only, which ends with the boot or by being revoked", async () => {
    await writeGrant(host, node, grant);
    await writeGrant(host, node, grant);
    expect(await readGrant(host, node)).toEqual(grant);
    expect(await readEpoch(host, node)).toBe(7);
    await expect(writeGrant(host, node, { ...grant, epoch: 6 })).rejects.toMatchObject({ id: "EPOCH_SUPERSEDED" });

    expect(isGrantValid(grant, "boot-1", 7)).toBe(true);
    expect(isGrantValid(grant, "boot-2", 7)).toBe(false);
    expect(isGrantValid(grant, "boot-1", 8)).toBe(false);
    expect(isGrantValid(undefined, "boot-1", 7)).toBe(false);

    await revokeGrant(host, node);
    expect(await readGrant(host, node)).toBeUndefined();
    expect(await readEpoch(host, node)).toBe(7);
  });

  it("is one line of JSON, for its owner only", async () => {
    await writeGrant(host, node, grant);
    const path = join(node.stateDirectory, "grant.json");
    expect(readFileSync(path, "utf8")).toBe('{"epoch":7,"bootId":"boot-1","handover":"handover:zigbee"}\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(node.stateDirectory).mode & 0o777).toBe(0o700);
  });

  it("survives a kill anywhere: the old text or the new one", async () => {
    await writeGrant(host, node, grant);
    for (let n = 1; ; n++) {
      const next = { ...grant, epoch: 8, bootId: "boot-2" };
      const killed = await writeGrant(localHost({ ...options, alter: killedBefore(n) }), node, next).then(
        () => false,
        () => true,
      );
      expect([grant, next]).toContainEqual(await readGrant(host, node));
      expect([7, 8]).toContain(await readEpoch(host, node));
      if (!killed) break;
    }
    expect(readdirSync(node.stateDirectory).toSorted()).toEqual(["epoch", "grant.json"]);
  });

  it("tells a clean coordinator from a dirty one, and does not guess", async () => {
    const state = {
      state: "dirty",
      generation: "g",
      ieee: "0x01",
      maxFrameCounter: 5_000,
      maxLinkKeyCounter: 9,
      sha256: "a",
    } as const;
    await writeCoordinatorState(host, node, state);
    expect(await readCoordinatorState(host, node)).toEqual(state);
    await writeCoordinatorState(host, node, { ...state, state: "clean" });
    expect(await readCoordinatorState(host, node)).toEqual({ ...state, state: "clean" });
    writeFileSync(join(node.stateDirectory, "coordinator.json"), '{"state":"cl');
    await expect(readCoordinatorState(host, node)).rejects.toMatchObject({ id: "NODE_NOT_UNDERSTOOD" });
  });

  it("has no grant where the file is damaged, and no epoch where that is", async () => {
    mkdirSync(node.stateDirectory);
    writeFileSync(join(node.stateDirectory, "grant.json"), "{");
    writeFileSync(join(node.stateDirectory, "epoch"), "seven");
    expect(await readGrant(host, node)).toBeUndefined();
    expect(await readEpoch(host, node)).toBe(0);
    expect(await raiseEpoch(host, node, 4)).toBe(4);
  });

  it("tells its boot, or the boot that a lab gives it", async () => {
    expect(await readBootId(host)).toBe(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
    const file = join(directory.path, "boot");
    writeFileSync(file, "lab-boot-3\n");
    expect(await readBootId(localHost({ ...options, env: { ...options.env, UNDERSTUDY_BOOT_ID_FILE: file } }))).toBe(
      "lab-boot-3",
    );
    writeFileSync(file, "");
    await expect(
      readBootId(localHost({ ...options, env: { ...options.env, UNDERSTUDY_BOOT_ID_FILE: file } })),
    ).rejects.toMatchObject({ id: "NODE_NOT_UNDERSTOOD" });
  });
});
