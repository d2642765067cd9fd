import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hashNvramImage } from "../../coordinators/nvram-image.ts";
import { hashData } from "../../generations/copy-data.ts";
import { newGenerationId, type NodePaths } from "../../generations/generation.ts";
import { keepImage } from "../../generations/keep-image.ts";
import { captureLiveGeneration, type CopiedFiles, type LiveCaptureRequest } from "../../generations/live-capture.ts";
import {
  listGenerations,
  readArchived,
  readGenerationImage,
  verifyGeneration,
} from "../../generations/stored-generations.ts";
import { transferGeneration } from "../../generations/transfer.ts";
import {
  SAMPLE_BACKUP,
  SAMPLE_DATA,
  SAMPLE_LEFT_OUT,
  temporaryDirectory,
  writeTree,
} from "../support/data-directory.ts";
import { localHost } from "../support/local-host.ts";
import { formedImage } from "../support/nvram-builder.ts";
import { nodeKinds } from "../support/shells.ts";

const LIVE = { countersAt: "2026-11-21T03:15:00.000Z", framesPerSecond: 1 };

describe.each(nodeKinds())("a generation of a running service ($kind)", ({ options }) => {
  const host = localHost(options);
  let directory: ReturnType<typeof temporaryDirectory>;
  let node: NodePaths;
  let standby: NodePaths;
  let request: LiveCaptureRequest;

  beforeEach(() => {
    directory = temporaryDirectory();
    const at = (name: string): NodePaths => ({
      name,
      dataDirectory: join(directory.path, `data ${name}`),
      stateDirectory: join(directory.path, `state-${name}`),
    });
    [node, standby] = [at("a"), at("b")];
    writeTree(node.dataDirectory, { ...SAMPLE_DATA, ...SAMPLE_LEFT_OUT });
    request = {
      id: newGenerationId(12),
      service: "zigbee",
      epoch: 12,
      createdAt: new Date("2026-11-21T03:15:00Z"),
      zigbee2mqttVersion: "2.14.1",
      live: () => LIVE,
      judge: () => [],
      ifUnfit: "look at the log.",
    };
  });
  afterEach(() => directory.remove());

  it("holds the network of its backup, no image, and what the next look is compared with", async () => {
    const manifest = await captureLiveGeneration(host, node, request);
    expect(manifest).toMatchObject({ live: LIVE, summary: { panId: 0x4402, channel: 15 } });
    expect(manifest.nvram).toBeUndefined();
    expect(await verifyGeneration(host, node, request.id)).toEqual(manifest);
    expect((await readArchived(host, node, request.id, "coordinator_backup.json"))?.toString()).toBe(SAMPLE_BACKUP);
    expect(await readArchived(host, node, request.id, "nothing.json")).toBeUndefined();
    expect(await hashData(host, node)).toEqual(new Map(manifest.files.map(({ path, sha256 }) => [path, sha256])));
  });

  it("I5: the first one is judged by the very files that are kept", async () => {
    const judge = ({ keyedDevices }: { keyedDevices: number }, copied: CopiedFiles) => {
      expect([copied.backup, copied.database]).toEqual([SAMPLE_BACKUP, SAMPLE_DATA["database.db"]]);
      return [`${keyedDevices} keys`];
    };
    await expect(captureLiveGeneration(host, node, { ...request, judge })).rejects.toMatchObject({
      what: expect.stringContaining("1 keys"),
      next: "look at the log.",
    });
  });

  it("I5: is not kept where it must not replace the one before it", async () => {
    const judge = () => ["the channel is 20, before 15"];
    await expect(captureLiveGeneration(host, node, { ...request, judge })).rejects.toMatchObject({
      id: "GENERATION_INVALID",
      what: expect.stringContaining("the channel is 20, before 15"),
    });
    writeFileSync(join(node.dataDirectory, "coordinator_backup.json"), SAMPLE_BACKUP.slice(0, 100));
    await expect(captureLiveGeneration(host, node, request)).rejects.toMatchObject({ id: "GENERATION_INVALID" });
    expect(await listGenerations(host, node)).toEqual([]);
    expect(readdirSync(join(node.stateDirectory, "generations"))).toEqual([]);
  });

  it("keeps the image of the standby that holds it, there alone; sending it again does not take that away", async () => {
    await captureLiveGeneration(host, node, request);
    const places = [
      { host, node },
      { host, node: standby },
    ] as const;
    const manifest = await transferGeneration(...places, request.id);
    const image = formedImage({ frameCounter: 9_000 });
    const kept = await keepImage(host, standby, manifest, image);
    await keepImage(host, standby, manifest, image);
    expect(await verifyGeneration(host, standby, request.id)).toEqual(kept);
    expect(hashNvramImage(await readGenerationImage(host, standby, request.id))).toBe(hashNvramImage(image));
    await transferGeneration(...places, request.id);
    expect((await verifyGeneration(host, standby, request.id)).nvram).toEqual(kept.nvram);
    expect((await verifyGeneration(host, node, request.id)).nvram).toBeUndefined();
  });
});
