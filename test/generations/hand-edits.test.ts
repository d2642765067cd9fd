import { appendFileSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkHandEdits } from "../../activities/preflight/hand-edits.ts";
import type { NodeAccess } from "../../activities/support/world.ts";
import { applyGeneration } from "../../generations/apply.ts";
import { captureGeneration } from "../../generations/capture.ts";
import { confirmData } from "../../generations/data-directory.ts";
import { newGenerationId } from "../../generations/generation.ts";
import {
  describeEdits,
  differingSettings,
  findHandEdits,
  isNotedAsLeft,
  noteAsLeft,
} from "../../generations/hand-edits.ts";
import { writeGrant } from "../../generations/node-state.ts";
import {
  readTree,
  SAMPLE_CONFIGURATION,
  SAMPLE_DATA,
  temporaryDirectory,
  writeTree,
} from "../support/data-directory.ts";
import { diskFullFor, killedBefore } from "../support/killed-script.ts";
import { localHost } from "../support/local-host.ts";
import { formedImage } from "../support/nvram-builder.ts";
import { nodeKinds } from "../support/shells.ts";

describe.each(nodeKinds())("fault 33: what somebody changes by hand on a standby ($kind)", ({ options }) => {
  const host = localHost(options);
  let directory: ReturnType<typeof temporaryDirectory>;
  let node: { name: string; dataDirectory: string; stateDirectory: string; ownValues: Record<string, string> };
  let id: string;

  beforeEach(async () => {
    directory = temporaryDirectory();
    node = {
      name: "b",
      dataDirectory: join(directory.path, "node b", "data"),
      stateDirectory: join(directory.path, "state"),
      ownValues: {},
    };
    writeTree(node.dataDirectory, { ...SAMPLE_DATA, "log/old.log": "a log" });
    const source = join(directory.path, "source");
    writeTree(source, SAMPLE_DATA);
    id = newGenerationId(3);
    await captureGeneration(
      host,
      { ...node, dataDirectory: source },
      { id, service: "zigbee", epoch: 3, createdAt: new Date(), zigbee2mqttVersion: "2.14.1", image: formedImage() },
    );
  });
  afterEach(() => directory.remove());

  const inData = (path: string) => join(node.dataDirectory, path);
  const inState = (path: string) => join(node.stateDirectory, path);
  const note = (again = false) => noteAsLeft(host, node, { again });
  const edits = async () => {
    const found = await findHandEdits(host, node);
    return found && describeEdits(found);
  };
  const edit = (before: string, now: string) =>
    writeFileSync(inData("configuration.yaml"), SAMPLE_CONFIGURATION.replace(before, now));
  const check = (mayReplace: boolean) =>
    checkHandEdits({ host, node } as unknown as NodeAccess, { active: "a", mayReplace }, AbortSignal.timeout(30_000));

  it("is not known where nothing tells how it was left", async () => {
    expect(await isNotedAsLeft(host, node)).toBe(false);
    expect(await edits()).toBeUndefined();
    expect(await check(false)).toMatchObject({ ok: true });
  });

  it("is nothing where only logs are new", async () => {
    await note();
    writeFileSync(inData("log/new.log"), "more");
    expect(await edits()).toBe("");
    expect(await check(false)).toMatchObject({ ok: true, what: "nobody has changed its files since it was left" });
  });

  it("is told by file and by setting, never by value (I10), and refused without consent", async () => {
    await note();
    edit("mqtt://192.0.2.1", "mqtt://user:hunter2@192.0.2.9");
    writeTree(node.dataDirectory, { "external_converters/lamp.js": "module.exports = {}" });
    rmSync(inData("state.json"));
    const finding = await check(false);
    expect(finding).toMatchObject({ check: "hand-edits", node: "b", ok: false });
    expect(finding.what).toContain(
      "configuration.yaml (mqtt.server), external_converters/lamp.js; removed: state.json",
    );
    expect(finding.next).toContain("--accept-edits");
    expect(JSON.stringify(finding)).not.toMatch(/hunter2|192\.0\.2/);
    expect(await check(true)).toMatchObject({ ok: true, what: expect.stringContaining("replaced and kept there") });
  });

  it("goes on being known when the next sync looks, until the node is granted to serve", async () => {
    await note();
    edit("enabled: true", "enabled: false");
    await note();
    expect(await edits()).toBe("configuration.yaml (frontend.enabled)");
    await writeGrant(host, node, { epoch: 4, bootId: "boot-1", handover: "h" });
    expect(await isNotedAsLeft(host, node)).toBe(false);
    await note();
    expect(await edits()).toBe("");
    edit("enabled: true", "enabled: yes, please");
    await note(true);
    expect(await edits()).toBe("");
  });

  it("is kept on the node for good when a generation takes its place, however often that is tried", async () => {
    await note();
    edit("enabled: true", "enabled: false");
    writeTree(node.dataDirectory, { "my own/notes.txt": "do not lose me" });
    const kept = readTree(node.dataDirectory);
    const directoryOfIt = inState(`replaced/${id}`);
    const expected = {
      directory: directoryOfIt,
      files: ["configuration.yaml", "my own/notes.txt"],
      byHand: true,
    };
    expect((await applyGeneration(host, node, id)).replaced).toEqual(expected);
    expect((await applyGeneration(host, node, id)).replaced).toEqual(expected);
    await confirmData(host, node);
    expect(readTree(node.dataDirectory)).not.toHaveProperty(["my own/notes.txt"]);
    expect(readTree(directoryOfIt)).toEqual({
      "configuration.yaml": kept["configuration.yaml"],
      "my own/notes.txt": "do not lose me",
    });
    // Configuration and backup hold the network's key.
    expect(statSync(inState("replaced")).mode & 0o077).toBe(0);
    expect(statSync(join(directoryOfIt, "configuration.yaml")).mode & 0o077).toBe(0);
  });

  it("keeps the configuration of a node of which nothing is known, and nothing where nothing was changed", async () => {
    expect((await applyGeneration(host, node, id)).replaced).toMatchObject({
      files: ["configuration.yaml"],
      byHand: false,
    });
    rmSync(inState("replaced"), { recursive: true });
    await confirmData(host, node);
    await note();
    const later = newGenerationId(4, new Date(Date.now() + 5_000));
    const source = { ...node, dataDirectory: join(directory.path, "source") };
    await captureGeneration(host, source, {
      id: later,
      service: "zigbee",
      epoch: 4,
      createdAt: new Date(),
      zigbee2mqttVersion: "2.14.1",
      image: formedImage(),
    });
    expect((await applyGeneration(host, node, later)).replaced).toBeUndefined();
    expect(existsSync(inState("replaced"))).toBe(false);
  });

  it("is never replaced before it is kept: killed anywhere, or with a full disk", async () => {
    await note();
    writeTree(node.dataDirectory, { "notes.txt": "do not lose me" });
    const isSafe = () =>
      readTree(existsSync(node.dataDirectory) ? node.dataDirectory : directory.path)["notes.txt"] !== undefined ||
      readTree(inState(`replaced/${id}`))["notes.txt"] === "do not lose me";
    const whenUnpacking = (change: (script: string) => string) => (script: string) =>
      /echo "unpacked/.test(script) ? change(script) : script;
    const full = localHost({ ...options, alter: whenUnpacking(diskFullFor("cat")) });
    await expect(applyGeneration(full, node, id)).rejects.toMatchObject({ id: "DISK_FULL" });
    expect(isSafe()).toBe(true);
    for (let n = 1; n < 60; n++) {
      const dying = localHost({ ...options, alter: whenUnpacking(killedBefore(n)) });
      const ended = await applyGeneration(dying, node, id).then(
        () => true,
        () => false,
      );
      expect(isSafe()).toBe(true);
      if (ended) break;
      if (n % 3 === 0) rmSync(inState("replaced"), { recursive: true, force: true });
    }
    expect((await applyGeneration(host, node, id)).replaced?.files).toEqual(["notes.txt"]);
    expect(readdirSync(node.stateDirectory)).not.toContain("replaced.new");
  });

  it("keeps the newest ten", async () => {
    await note();
    for (let n = 10; n < 22; n++) writeTree(inState("replaced"), { [`202601${n}T000000Z-e1-aaaaaa/x`]: "x" });
    appendFileSync(inData("configuration.yaml"), "# mine\n");
    await applyGeneration(host, node, id);
    const kept = readdirSync(inState("replaced")).toSorted();
    expect(kept).toHaveLength(10);
    expect(kept.at(-1)).toBe(id);
  });
});

describe("the settings that differ", () => {
  it("are named by their paths; a list is one value", () => {
    const before = "advanced: {channel: 11, network_key: [1, 2]}\nmqtt: {server: a}\n";
    const now = "advanced: {channel: 12, network_key: [1, 3]}\nmqtt: {server: a, user: me}\n";
    expect(differingSettings(before, now)).toEqual(["advanced.channel", "advanced.network_key", "mqtt.user"]);
  });

  it.each([
    ["a comment", "a: 1 # one\n"],
    ["no YAML", "a: [\n"],
  ])("are none where the difference is %s", (_case, now) => {
    expect(differingSettings("a: 1\n", now)).toEqual([]);
  });

  it("are not all told where there are many", () => {
    const changed = Array.from({ length: 9 }, (_, index) => `file-${index}`);
    expect(describeEdits({ changed, removed: [], settings: [] })).toMatch(/file-5 and 3 more$/);
  });
});
