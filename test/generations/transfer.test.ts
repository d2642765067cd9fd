import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Host } from "../../hosts/host.ts";
import { captureGeneration } from "../../generations/capture.ts";
import { newGenerationId, type NodePaths } from "../../generations/generation.ts";
import { pruneGenerations } from "../../generations/prune.ts";
import { listGenerations, verifyGeneration } from "../../generations/stored-generations.ts";
import { transferGeneration } from "../../generations/transfer.ts";
import { SAMPLE_DATA, temporaryDirectory, writeTree } from "../support/data-directory.ts";
import { killedBefore } from "../support/killed-script.ts";
import { localHost } from "../support/local-host.ts";
import { formedImage } from "../support/nvram-builder.ts";
import { nodeKinds } from "../support/shells.ts";

let directory: ReturnType<typeof temporaryDirectory>;
let active: NodePaths;
let standby: NodePaths;

beforeEach(() => {
  directory = temporaryDirectory();
  active = {
    name: "a",
    dataDirectory: join(directory.path, "a/data"),
    stateDirectory: join(directory.path, "a/state"),
  };
  standby = {
    name: "b",
    dataDirectory: join(directory.path, "b/data"),
    stateDirectory: join(directory.path, "b/state"),
  };
  writeTree(active.dataDirectory, SAMPLE_DATA);
});
afterEach(() => directory.remove());

async function capture(host: Host, id: string): Promise<string> {
  await captureGeneration(host, active, {
    id,
    service: "zigbee",
    epoch: 1,
    createdAt: new Date(),
    zigbee2mqttVersion: "2.14.1",
    image: formedImage(),
  });
  return id;
}

function stored(node: NodePaths, id: string): string {
  return join(node.stateDirectory, "generations", id);
}

describe.each(nodeKinds())("copying a generation to another node ($kind)", ({ options }) => {
  const host = localHost(options);

  it("brings all of it, for its owner only, and does nothing the second time", async () => {
    const id = await capture(host, newGenerationId(1));
    const manifest = await transferGeneration({ host, node: active }, { host, node: standby }, id);
    expect(await verifyGeneration(host, standby, id)).toEqual(manifest);
    for (const name of readdirSync(stored(active, id))) {
      expect(readFileSync(join(stored(standby, id), name))).toEqual(readFileSync(join(stored(active, id), name)));
      expect(statSync(join(stored(standby, id), name)).mode & 0o777).toBe(0o600);
    }
    const before = statSync(stored(standby, id)).ino;
    await transferGeneration({ host, node: active }, { host, node: standby }, id);
    expect(statSync(stored(standby, id)).ino).toBe(before);
  });

  it("can be killed anywhere on the destination: a good name only for the whole, and the next attempt succeeds", async () => {
    const id = await capture(host, newGenerationId(1));
    for (let n = 1; n < 8; n++) {
      const dying = localHost({ ...options, alter: killedBefore(n) });
      const ended = await transferGeneration({ host, node: active }, { host: dying, node: standby }, id).then(
        () => true,
        () => false,
      );
      if ((await listGenerations(host, standby)).includes(id)) await verifyGeneration(host, standby, id);
      if (ended) break;
    }
    await transferGeneration({ host, node: active }, { host, node: standby }, id);
    await verifyGeneration(host, standby, id);
    expect(readdirSync(join(standby.stateDirectory, "generations"))).toEqual([id]);
  });

  it("replaces a damaged copy, and never spreads damage of its own", async () => {
    const id = await capture(host, newGenerationId(1));
    await transferGeneration({ host, node: active }, { host, node: standby }, id);
    writeFileSync(join(stored(standby, id), "data.tar"), "damaged");
    await transferGeneration({ host, node: active }, { host, node: standby }, id);
    await verifyGeneration(host, standby, id);

    writeFileSync(join(stored(active, id), "nvram.json"), "damaged");
    await expect(transferGeneration({ host, node: active }, { host, node: standby }, id)).rejects.toMatchObject({
      id: "GENERATION_INVALID",
      node: "a",
    });
    await verifyGeneration(host, standby, id);
  });

  it("keeps the newest generations, protected ones, and nothing half-made that is old", async () => {
    const ids = [
      "20261101T000000Z-e1-000001",
      "20261102T000000Z-e1-000002",
      "20261103T000000Z-e2-000003",
      "20261104T000000Z-e10-000004",
    ];
    for (const id of ids) await capture(host, id);
    const generations = join(active.stateDirectory, "generations");
    mkdirSync(join(generations, "20261030T000000Z-e1-000000.gone"));
    const removed = await pruneGenerations(host, active, 2, ["20261101T000000Z-e1-000001"]);
    expect(removed).toEqual(["20261102T000000Z-e1-000002"]);
    expect(readdirSync(generations).toSorted()).toEqual([ids[0], ids[2], ids[3]]);
    await pruneGenerations(host, active, 0);
    expect(await listGenerations(host, active)).toEqual([ids[3]]);
  });

  it("finds no generations, and prunes none, where there are none", async () => {
    rmSync(active.stateDirectory, { recursive: true, force: true });
    expect(await listGenerations(host, active)).toEqual([]);
    expect(await pruneGenerations(host, active, 3)).toEqual([]);
  });
});
