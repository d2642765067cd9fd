import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { applyGeneration } from "../../generations/apply.ts";
import { captureGeneration } from "../../generations/capture.ts";
import { confirmData, repairData, rollbackData } from "../../generations/data-directory.ts";
import { newGenerationId, serializeManifest, type Manifest } from "../../generations/generation.ts";
import {
  readTree,
  SAMPLE_CONFIGURATION,
  SAMPLE_DATA,
  SAMPLE_LEFT_OUT,
  temporaryDirectory,
  writeTree,
  type Tree,
} from "../support/data-directory.ts";
import { diskFullFor, killedBefore } from "../support/killed-script.ts";
import { localHost } from "../support/local-host.ts";
import { formedImage } from "../support/nvram-builder.ts";
import { nodeKinds } from "../support/shells.ts";

const STANDBY_DATA: Tree = {
  "configuration.yaml": "version: 5\n",
  "database.db": "old",
  "state.json": "old",
  "log/standby.log": "the standby's own log",
};
const NEW_DATA: Tree = {
  ...SAMPLE_DATA,
  "configuration.yaml": SAMPLE_CONFIGURATION.replace("usb-stick-A", "usb-stick-B"),
};

describe.each(nodeKinds())("applying a generation ($kind)", ({ options }) => {
  const host = localHost(options);
  let directory: ReturnType<typeof temporaryDirectory>;
  let data: string;
  let id: string;
  let node: { name: string; dataDirectory: string; stateDirectory: string; ownValues: Record<string, string> };
  let manifest: Manifest;

  beforeEach(async () => {
    directory = temporaryDirectory();
    data = join(directory.path, "node b", "data");
    id = newGenerationId(3);
    node = {
      name: "b",
      dataDirectory: data,
      stateDirectory: join(directory.path, "state"),
      ownValues: { "serial.port": "/dev/serial/by-id/usb-stick-B" },
    };
    const source = join(directory.path, "source");
    writeTree(source, { ...SAMPLE_DATA, ...SAMPLE_LEFT_OUT });
    const request = {
      id,
      service: "zigbee",
      epoch: 3,
      createdAt: new Date(),
      zigbee2mqttVersion: "2.14.1",
      image: formedImage(),
    };
    manifest = await captureGeneration(host, { ...node, dataDirectory: source }, request);
    writeTree(data, STANDBY_DATA);
  });
  afterEach(() => directory.remove());

  const beside = (): string[] => readdirSync(dirname(data)).toSorted();
  const withoutLogs = (tree: Tree): Tree =>
    Object.fromEntries(Object.entries(tree).filter(([path]) => !path.startsWith("log/")));

  it("gives the node the active one's data with its own values, and keeps its logs", async () => {
    await applyGeneration(host, node, id);
    expect(readTree(data)).toEqual({ ...NEW_DATA, "log/standby.log": "the standby's own log" });
    expect(beside()).toEqual(["data", `data.understudy-before-${id}`]);
  });

  it("changes nothing when it is done again, and so keeps the way back", async () => {
    await applyGeneration(host, node, id);
    await applyGeneration(host, node, id);
    expect(await rollbackData(host, node, id)).toBe(true);
    expect(readTree(data)).toEqual(STANDBY_DATA);
  });

  it("can be taken back once, and not after it was confirmed", async () => {
    await applyGeneration(host, node, id);
    expect(await rollbackData(host, node, id)).toBe(true);
    expect(await rollbackData(host, node, id)).toBe(false);
    expect(readTree(data)).toEqual(STANDBY_DATA);
    expect(beside()).toEqual(["data"]);

    await applyGeneration(host, node, id);
    await confirmData(host, node);
    await confirmData(host, node);
    expect(await rollbackData(host, node, id)).toBe(false);
    expect(withoutLogs(readTree(data))).toEqual(NEW_DATA);
    expect(beside()).toEqual(["data"]);
  });

  it("keeps only one previous directory, and does not take back another generation", async () => {
    await applyGeneration(host, node, id);
    const later = newGenerationId(4);
    const request = {
      id: later,
      service: "zigbee",
      epoch: 4,
      createdAt: new Date(),
      zigbee2mqttVersion: "2.14.1",
      image: formedImage(),
    };
    await captureGeneration(host, node, request);
    await applyGeneration(host, node, later);
    expect(beside()).toEqual(["data", `data.understudy-before-${later}`]);
    expect(await rollbackData(host, node, id)).toBe(false);
  });

  it("keeps owner and mode of the directory that it replaces", async () => {
    chmodSync(data, 0o750);
    if (process.getuid?.() === 0) execFileSync("chown", ["-R", "4242:4243", data]);
    const { uid, gid } = statSync(data);
    await applyGeneration(host, node, id);
    expect(statSync(data).mode & 0o777).toBe(0o750);
    for (const path of [data, join(data, "external_converters/lib"), join(data, "configuration.yaml")])
      expect(statSync(path)).toMatchObject({ uid, gid });
  });

  it("exchanges what a linked data directory leads to, and leaves the link", async () => {
    const link = join(directory.path, "link");
    symlinkSync("node b/data", link);
    await applyGeneration(host, { ...node, dataDirectory: link }, id);
    expect(withoutLogs(readTree(link))).toEqual(NEW_DATA);
    expect(beside()).toEqual(["data", `data.understudy-before-${id}`]);
  });

  it.each([
    ["unpacking", /echo "unpacked/, 60],
    ["the exchange", /mv "\$unpacking"/, 60],
  ])(
    "can be killed anywhere in %s: the old data, the new, or whole after the repair",
    async (_where, inScript, limit) => {
      let seen = 0;
      for (let n = 1; ; n++) {
        const kill = killedBefore(n);
        const dying = localHost({ ...options, alter: (script) => (inScript.test(script) ? kill(script) : script) });
        const ended = await applyGeneration(dying, node, id).then(
          () => true,
          () => false,
        );
        if (ended) break;
        seen = n;
        if (existsSync(data))
          expect([STANDBY_DATA, NEW_DATA].map(withoutLogs)).toContainEqual(withoutLogs(readTree(data)));
        await repairData(host, node);
        await repairData(host, node);
        const repaired = readTree(data);
        expect([STANDBY_DATA, NEW_DATA].map(withoutLogs)).toContainEqual(withoutLogs(repaired));
        expect(repaired["log/standby.log"]).toBe("the standby's own log");
        expect(beside().filter((name) => !name.includes("-before-"))).toEqual(["data"]);

        await applyGeneration(host, node, id);
        expect(withoutLogs(readTree(data))).toEqual(NEW_DATA);
        expect(await rollbackData(host, node, id)).toBe(true);
        expect(readTree(data)).toEqual(STANDBY_DATA);
        expect(n).toBeLessThan(limit);
      }
      expect(seen).toBeGreaterThan(1);
    },
  );

  it("I4: does not take a configuration of which only a part came", async () => {
    const cut: typeof host = {
      ...host,
      run: (script, how = {}) =>
        host.run(script, { ...how, input: (how.input as Uint8Array | undefined)?.subarray(0, 40) }),
    };
    await expect(applyGeneration(cut, node, id)).rejects.toMatchObject({ id: "COMMAND_FAILED" });
    expect(readTree(data)).toEqual(STANDBY_DATA);
    await applyGeneration(host, node, id);
    expect(withoutLogs(readTree(data))).toEqual(NEW_DATA);
  });

  it.each([
    ["taking back", (with_: typeof host) => rollbackData(with_, node, id)],
    ["confirming", (with_: typeof host) => confirmData(with_, node)],
  ])("can be killed anywhere in %s", async (_what, work) => {
    for (let n = 1; ; n++) {
      await applyGeneration(host, node, id);
      const killed = await work(localHost({ ...options, alter: killedBefore(n) })).then(
        () => false,
        () => true,
      );
      await repairData(host, node);
      const repaired = readTree(data);
      expect([STANDBY_DATA, NEW_DATA].map(withoutLogs)).toContainEqual(withoutLogs(repaired));
      expect(repaired["log/standby.log"]).toBe("the standby's own log");
      await work(host);
      expect(beside()).toEqual(["data"]);
      if (!killed) break;
      rmSync(data, { recursive: true });
      writeTree(data, STANDBY_DATA);
      expect(n).toBeLessThan(30);
    }
  });

  it.each([
    [
      "while it unpacks",
      (script: string) => script.replace('tar -xof "$archive" -C "$unpacking"', "cat /proc/version > /dev/full"),
    ],
    [
      "in the middle of a block",
      (script: string) =>
        script.replace(
          'tar -xof "$archive" -C "$unpacking"',
          "{ echo 'tar: ./x: Wrote only 512 of 10240 bytes' >&2; exit 2; }",
        ),
    ],
    [
      "while it writes the configuration",
      (script: string) => (script.includes('mv "$unpacking"') ? diskFullFor("cat")(script) : script),
    ],
  ])("leaves everything as it was when the disk is full %s", async (_when, alter) => {
    await expect(applyGeneration(localHost({ ...options, alter }), node, id)).rejects.toMatchObject({
      id: "DISK_FULL",
    });
    await repairData(host, node);
    expect(readTree(data)).toEqual(STANDBY_DATA);
    expect(beside()).toEqual(["data"]);
  });

  it("refuses a node without a data directory", async () => {
    rmSync(data, { recursive: true });
    await expect(applyGeneration(host, node, id)).rejects.toMatchObject({
      id: "NODE_NOT_UNDERSTOOD",
      message: expect.stringContaining("does not exist"),
    });
  });

  it("refuses a mount point", async () => {
    const mount = { ...node, dataDirectory: "/proc" };
    await expect(applyGeneration(host, mount, id)).rejects.toMatchObject({
      id: "NODE_NOT_UNDERSTOOD",
      message: expect.stringContaining("mount point"),
    });
  });

  describe("from hostile hands", () => {
    const hostile: readonly (readonly [string, string])[] = [
      ["a path that climbs out", "add('../escaped')"],
      ["an absolute path", "add('/tmp/understudy-escaped')"],
      ["a climb in the middle", "add('a/../../escaped')"],
      ["a symbolic link, and a file through it", "add('way', type=tarfile.SYMTYPE, linkname='..'); add('way/escaped')"],
      ["a hard link to a file outside", "add('database.db', type=tarfile.LNKTYPE, linkname='../victim')"],
      ["a device", "add('null', type=tarfile.CHRTYPE)"],
      ["garbage", ""],
    ];

    it.each(hostile)("writes nothing outside for %s", async (_what, members) => {
      const generation = join(node.stateDirectory, "generations", id);
      makeArchive(join(generation, "data.tar"), members);
      const bytes = readFileSync(join(generation, "data.tar"));
      const archive = { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
      writeFileSync(join(generation, "manifest.json"), serializeManifest({ ...manifest, archive }));
      writeFileSync(join(dirname(data), "victim"), "untouched");

      await expect(applyGeneration(host, node, id)).rejects.toMatchObject({ id: "GENERATION_INVALID" });
      expect(readTree(data)).toEqual(STANDBY_DATA);
      await repairData(host, node);
      expect(beside()).toEqual(["data", "victim"]);
      expect(readFileSync(join(dirname(data), "victim"), "utf8")).toBe("untouched");
      expect(existsSync("/tmp/understudy-escaped")).toBe(false);
    });

    it.each([
      ["leads out", { path: "way", target: "../.." }],
      ["is absolute", { path: "way", target: "/etc" }],
      ["lies outside", { path: "../way", target: "x" }],
      ["would lead a file elsewhere", { path: "external_converters", target: "lib" }],
    ])("makes no link that %s", async (_what, link) => {
      const path = join(node.stateDirectory, "generations", id, "manifest.json");
      writeFileSync(path, serializeManifest({ ...manifest, links: [link] }));
      await expect(applyGeneration(host, node, id)).rejects.toMatchObject({ id: "GENERATION_INVALID" });
      expect(readTree(data)).toEqual(STANDBY_DATA);
    });

    it("refuses an archive whose content is not what was captured", async () => {
      const generation = join(node.stateDirectory, "generations", id);
      const files = manifest.files.map((file) =>
        file.path === "database.db" ? { ...file, sha256: "0".repeat(64) } : file,
      );
      writeFileSync(join(generation, "manifest.json"), serializeManifest({ ...manifest, files }));
      await expect(applyGeneration(host, node, id)).rejects.toMatchObject({
        id: "GENERATION_INVALID",
        message: expect.stringContaining("database.db"),
      });
      expect(readTree(data)).toEqual(STANDBY_DATA);
    });
  });

  it("repairs the worst: both renames half done by hand", async () => {
    mkdirSync(`${data}.understudy-new-${id}`);
    writeTree(`${data}.understudy-new-${id}`, NEW_DATA);
    renameSync(data, `${data}.understudy-before-${id}`);
    await repairData(host, node);
    expect(withoutLogs(readTree(data))).toEqual(NEW_DATA);
    expect(await rollbackData(host, node, id)).toBe(true);
    expect(readTree(data)).toEqual(STANDBY_DATA);
  });
});

/** Writes an archive with members as no well-behaved tar would make them. */
function makeArchive(path: string, members: string): void {
  if (members === "") {
    writeFileSync(path, Buffer.alloc(4096, "garbage"));
    return;
  }
  const program = `
import io, sys, tarfile
archive = tarfile.open(sys.argv[1], "w")
def add(name, type=tarfile.REGTYPE, linkname=""):
    member = tarfile.TarInfo(name)
    member.type = type
    member.linkname = linkname
    content = b"evil" if type == tarfile.REGTYPE else b""
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))
add("configuration.yaml")
${members}
archive.close()
`;
  execFileSync("python3", ["-c", program, path]);
}
