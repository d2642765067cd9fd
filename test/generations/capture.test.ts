import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hashNvramImage } from "../../coordinators/nvram-image.ts";
import { captureGeneration, type CaptureRequest } from "../../generations/capture.ts";
import { newGenerationId, type NodePaths } from "../../generations/generation.ts";
import {
  listGenerations,
  readGenerationImage,
  readManifest,
  verifyGeneration,
} from "../../generations/stored-generations.ts";
import { readTree, SAMPLE_DATA, SAMPLE_LEFT_OUT, temporaryDirectory, writeTree } from "../support/data-directory.ts";
import { diskFullFor, killedBefore } from "../support/killed-script.ts";
import { localHost } from "../support/local-host.ts";
import { blankImage, formedImage, SAMPLE_EXTENDED_PAN_ID, SAMPLE_IEEE, SAMPLE_KEY } from "../support/nvram-builder.ts";
import { nodeKinds } from "../support/shells.ts";

describe.each(nodeKinds())("making a generation ($kind)", ({ options }) => {
  const host = localHost(options);
  let directory: ReturnType<typeof temporaryDirectory>;
  let node: NodePaths;
  let request: CaptureRequest;

  beforeEach(() => {
    directory = temporaryDirectory();
    node = {
      name: "a",
      dataDirectory: join(directory.path, "zigbee2mqtt data"),
      stateDirectory: join(directory.path, "state"),
    };
    writeTree(node.dataDirectory, { ...SAMPLE_DATA, ...SAMPLE_LEFT_OUT });
    const id = newGenerationId(12);
    request = {
      id,
      service: "zigbee",
      epoch: 12,
      createdAt: new Date("2026-11-21T03:15:00Z"),
      zigbee2mqttVersion: "2.14.1",
      image: formedImage(),
    };
  });
  afterEach(() => directory.remove());

  it("keeps everything but logs, temporary files and links that lead out, with true hashes", async () => {
    const manifest = await captureGeneration(host, node, request);
    const files = Object.entries(SAMPLE_DATA).filter(([, content]) => !content.startsWith("-> "));
    expect(manifest.files).toEqual(
      files
        .map(([path, content]) => ({
          path,
          bytes: Buffer.byteLength(content),
          sha256: createHash("sha256").update(content).digest("hex"),
        }))
        .toSorted((a, b) => (a.path < b.path ? -1 : 1)),
    );
    expect(manifest.links).toEqual([{ path: "external_converters/latest.mjs", target: "my converter.mjs" }]);
    expect(manifest.omittedLinks).toEqual(["external_converters/node_modules"]);
    expect(await verifyGeneration(host, node, request.id)).toEqual(manifest);
    expect(await listGenerations(host, node)).toEqual([request.id]);
  });

  it("says of the network what may be known, and no secret", async () => {
    const { summary, ...rest } = await captureGeneration(host, node, request);
    expect(rest).toMatchObject({
      service: "zigbee",
      sourceNode: "a",
      epoch: 12,
      createdAt: "2026-11-21T03:15:00.000Z",
      zigbee2mqttVersion: "2.14.1",
    });
    expect(summary).toMatchObject({
      coordinatorIeee: SAMPLE_IEEE,
      extendedPanId: SAMPLE_EXTENDED_PAN_ID,
      panId: 0x4402,
      channel: 15,
      keySequence: 0,
      keyedDevices: 2,
      databaseDevices: 2,
      frameCounters: { network: 7_500, linkKeys: 3_000 },
    });
    const text = readFileSync(join(node.stateDirectory, "generations", request.id, "manifest.json"), "utf8");
    expect(text).not.toMatch(
      new RegExp(`${SAMPLE_KEY}|${Buffer.from(SAMPLE_KEY, "hex").toString("base64").slice(0, 12)}|geheim`),
    );
  });

  it("is for its owner only, and holds the coordinator's image", async () => {
    await captureGeneration(host, node, request);
    const generation = join(node.stateDirectory, "generations", request.id);
    expect(statSync(generation).mode & 0o777).toBe(0o700);
    for (const name of ["data.tar", "nvram.json", "manifest.json"])
      expect(statSync(join(generation, name)).mode & 0o777).toBe(0o600);
    expect(readdirSync(generation).toSorted()).toEqual(["data.tar", "manifest.json", "nvram.json"]);
    expect(hashNvramImage(await readGenerationImage(host, node, request.id))).toBe(hashNvramImage(request.image));
  });

  it("gives back the first result when it is done again", async () => {
    const first = await captureGeneration(host, node, request);
    writeTree(node.dataDirectory, { "new.yaml": "later" });
    expect(await captureGeneration(host, node, request)).toEqual(first);
  });

  it("can be killed anywhere: what is left has no good name, and the next run succeeds", async () => {
    const before = readTree(node.dataDirectory);
    for (let n = 1; ; n++) {
      const killed = await outcome(captureGeneration(localHost({ ...options, alter: killedBefore(n) }), node, request));
      expect(readTree(node.dataDirectory)).toEqual(before);
      if (killed === undefined) break;
      expect(killed.id).toBe("COMMAND_FAILED");
      await expect(listGenerations(host, node)).resolves.toEqual([]);
      expect(n).toBeLessThan(30);
    }
    rmSync(join(node.stateDirectory, "generations", request.id), { recursive: true });
    await captureGeneration(host, node, request);
    await verifyGeneration(host, node, request.id);
    expect(readdirSync(join(node.stateDirectory, "generations"))).toEqual([request.id]);
  });

  it.each(["cat", "tar"] as const)("leaves nothing when %s meets a full disk", async (command) => {
    const full = localHost({ ...options, alter: diskFullFor(command) });
    await expect(captureGeneration(full, node, request)).rejects.toMatchObject({ id: "DISK_FULL", node: "local" });
    expect(readdirSync(join(node.stateDirectory, "generations"))).toEqual([]);
  });

  it.each([
    [
      "a needed file is missing",
      () => rmSync(join(node.dataDirectory, "coordinator_backup.json")),
      "GENERATION_INVALID",
      /coordinator_backup\.json/,
    ],
    [
      "a needed file is a link to a place outside",
      () => {
        rmSync(join(node.dataDirectory, "configuration.yaml"));
        writeTree(node.dataDirectory, { "configuration.yaml": "-> /etc/zigbee2mqtt.yaml" });
      },
      "GENERATION_INVALID",
      /configuration\.yaml/,
    ],
    [
      "a name could mean another file",
      () => writeTree(node.dataDirectory, { "a\\tb": "" }),
      "GENERATION_INVALID",
      /backslash/,
    ],
    [
      "there is no data directory",
      () => rmSync(node.dataDirectory, { recursive: true }),
      "NODE_NOT_UNDERSTOOD",
      /does not exist/,
    ],
  ])("is refused where %s", async (_what, damage, id, message) => {
    damage();
    await expect(captureGeneration(host, node, request)).rejects.toMatchObject({
      id,
      message: expect.stringMatching(message),
    });
    expect(await listGenerations(host, node)).toEqual([]);
  });

  it("is refused for a coordinator without a network", async () => {
    await expect(captureGeneration(host, node, { ...request, image: blankImage() })).rejects.toMatchObject({
      id: "GENERATION_INVALID",
    });
    expect(existsSync(node.stateDirectory)).toBe(false);
  });
});

describe("a generation that was changed", () => {
  it.each([
    ["the archive", (path: string) => writeTree(path, { "data.tar": "other" }), "GENERATION_INVALID"],
    ["the image", (path: string) => rmSync(join(path, "nvram.json")), "GENERATION_INVALID"],
    ["the manifest", (path: string) => writeTree(path, { "manifest.json": "{}" }), "GENERATION_INVALID"],
  ])("is found out by %s", async (_what, damage, id) => {
    const directory = temporaryDirectory();
    const host = localHost();
    const node = {
      name: "a",
      dataDirectory: join(directory.path, "data"),
      stateDirectory: join(directory.path, "state"),
    };
    mkdirSync(node.dataDirectory);
    writeTree(node.dataDirectory, SAMPLE_DATA);
    const request = {
      id: newGenerationId(1),
      service: "zigbee",
      epoch: 1,
      createdAt: new Date(),
      zigbee2mqttVersion: "2.14.1",
      image: formedImage(),
    };
    await captureGeneration(host, node, request);
    damage(join(node.stateDirectory, "generations", request.id));
    await expect(verifyGeneration(host, node, request.id)).rejects.toMatchObject({ id });
    directory.remove();
  });

  it("cannot be named by a path", async () => {
    const node = { name: "a", dataDirectory: "/tmp", stateDirectory: "/tmp" };
    await expect(readManifest(localHost(), node, "../../etc")).rejects.toMatchObject({ id: "GENERATION_INVALID" });
  });
});

async function outcome(work: Promise<unknown>): Promise<{ id?: string } | undefined> {
  return work.then(
    () => undefined,
    (error: { id?: string }) => error,
  );
}
