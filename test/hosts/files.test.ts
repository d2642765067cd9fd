import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { copyBetween } from "../../hosts/copy.ts";
import { ensureDirectory, freeBytes, hashFile, readFile, writeFileAtomic } from "../../hosts/files.ts";
import type { Host } from "../../hosts/host.ts";
import { connectHost } from "../../hosts/ssh-host.ts";
import { sshdInstalled, startSshServer, until, type TestServer } from "./ssh-server.ts";

const isRoot = process.getuid?.() === 0;
const hasBusybox = spawnSync("sh", ["-c", "command -v busybox"]).status === 0;
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** A small file system of the server's own where we may make one, else a `cat` that says what a full disk says; busybox's sh prefers its own. */
const SMALL_DISK = 'mkdir "$1/small"; mount -t tmpfs -o size=512k tmpfs "$1/small"';

describe.skipIf(!sshdInstalled).each(hasBusybox ? ["the usual tools", "busybox"] : ["the usual tools"])(
  "files on a node with %s",
  (tools) => {
    let server: TestServer;
    let host: Host;
    let directory: string;
    let count = 0;
    const canReplaceTools = tools !== "busybox";

    beforeAll(async () => {
      server = await startSshServer({
        shell: tools === "busybox" ? "busybox sh" : "sh",
        prepare: isRoot ? SMALL_DISK : undefined,
      });
      host = connectHost({ name: "kitchen", ssh: server.target, privilege: { kind: "none" } });
    });
    beforeEach(() => {
      count += 1;
      directory = join(server.directory, `files ${count}'s`);
      mkdirSync(directory);
    });
    afterAll(async () => {
      await host.close();
      await server.stop();
    });

    /** Makes every write to the disk below fail as on a full one. */
    const fullDisk = (): string => {
      if (isRoot) return join(server.directory, "small");
      server.addProgram("cat", 'echo "cat: write error: No space left on device" >&2; exit 1');
      return directory;
    };

    it("are written whole, readable to the owner only, and read back", async () => {
      const path = join(directory, "a file");
      const bytes = randomBytes(300_000);
      await writeFileAtomic(host, path, bytes);
      expect(readFileSync(path).equals(bytes)).toBe(true);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect((await readFile(host, path))?.equals(bytes)).toBe(true);
      expect(await hashFile(host, path)).toBe(sha256(bytes));
      await writeFileAtomic(host, path, Buffer.alloc(0), { mode: "640" });
      expect(await readFile(host, path)).toEqual(Buffer.alloc(0));
      expect(statSync(path).mode & 0o777).toBe(0o640);
      expect(readdirSync(directory)).toEqual(["a file"]);
    });

    it("that are not there are told from those that cannot be read", async () => {
      expect(await readFile(host, join(directory, "none"))).toBeUndefined();
      expect(await readFile(host, join(directory, "none", "below"))).toBeUndefined();
      expect(await hashFile(host, join(directory, "none"))).toBeUndefined();
      symlinkSync("nowhere", join(directory, "dangling"));
      expect(await readFile(host, join(directory, "dangling"))).toBeUndefined();
      await expect(readFile(host, directory)).rejects.toMatchObject({ id: "COMMAND_FAILED", node: "kitchen" });
      if (isRoot) return;
      const closed = join(directory, "closed");
      mkdirSync(closed);
      writeFileSync(join(closed, "file"), "x");
      chmodSync(closed, 0o000);
      await expect(readFile(host, join(closed, "file"))).rejects.toMatchObject({ id: "COMMAND_FAILED" });
      chmodSync(closed, 0o700);
    });

    it("that are larger than expected are not read", async () => {
      writeFileSync(join(directory, "big"), Buffer.alloc(1001));
      await expect(readFile(host, join(directory, "big"), { maxBytes: 1000 })).rejects.toMatchObject({
        id: "TRANSFER_FAILED",
      });
      expect(await readFile(host, join(directory, "big"), { maxBytes: 1001 })).toHaveLength(1001);
    });

    if (isRoot)
      it("keep their owner when root replaces them, and get the directory's when they are new", async () => {
        const path = join(directory, "configuration.yaml");
        writeFileSync(path, "old");
        chownSync(path, 4242, 4243);
        chownSync(directory, 4244, 4245);
        await writeFileAtomic(host, path, Buffer.from("new"));
        expect(statSync(path)).toMatchObject({ uid: 4242, gid: 4243 });
        await writeFileAtomic(host, join(directory, "other"), Buffer.from("new"));
        expect(statSync(join(directory, "other"))).toMatchObject({ uid: 4244, gid: 4245 });
      });

    if (isRoot || canReplaceTools)
      it("survive a full disk as they were, without leftovers", async () => {
        if (isRoot) {
          // The small disk is in the server's mount namespace, so it is looked at through the host.
          const path = join(fullDisk(), "file");
          await writeFileAtomic(host, path, Buffer.from("old"));
          await expect(writeFileAtomic(host, path, randomBytes(1_000_000))).rejects.toMatchObject({
            id: "DISK_FULL",
            node: "kitchen",
          });
          expect((await readFile(host, path))?.toString()).toBe("old");
          expect((await host.run('ls -A "$1"', { args: [fullDisk()] })).stdout.toString()).toBe("file\n");
          return;
        }
        const path = join(fullDisk(), "file");
        writeFileSync(path, "old");
        await expect(writeFileAtomic(host, path, Buffer.from("new"))).rejects.toMatchObject({
          id: "DISK_FULL",
          node: "kitchen",
        });
        server.removeProgram("cat");
        expect(readdirSync(directory)).toEqual(["file"]);
        expect(readFileSync(path, "utf8")).toBe("old");
      });

    it("are refused below a relative path, and over a directory", async () => {
      await expect(writeFileAtomic(host, "relative", Buffer.from("x"))).rejects.toThrow(RangeError);
      await expect(writeFileAtomic(host, directory, Buffer.from("x"))).rejects.toMatchObject({ id: "COMMAND_FAILED" });
      await expect(writeFileAtomic(host, join(directory, "none", "file"), Buffer.from("x"))).rejects.toMatchObject({
        id: "COMMAND_FAILED",
      });
    });

    it("get a private directory, and know the room that they have", async () => {
      const path = join(directory, "deep", "er");
      await ensureDirectory(host, path);
      await ensureDirectory(host, path);
      expect(statSync(path).mode & 0o777).toBe(0o700);
      expect(await freeBytes(host, path)).toBeGreaterThan(1_000_000);
      if (isRoot) expect(await freeBytes(host, fullDisk())).toBeLessThanOrEqual(512 * 1024);
      await expect(freeBytes(host, "/nonexistent")).rejects.toMatchObject({ id: "COMMAND_FAILED" });
    });

    describe("copied from node to node", () => {
      const bytes = randomBytes(2_500_000);
      let from: string;
      let to: string;
      beforeEach(() => {
        from = join(directory, "from");
        to = join(directory, "to");
        writeFileSync(from, bytes);
      });

      it("arrive whole, and are not sent again", async () => {
        const progress: number[] = [];
        const result = await copyBetween(host, from, host, to, {
          onProgress: (state) => progress.push(state.bytes / state.total),
        });
        expect(result).toEqual({ bytes: bytes.length, sha256: sha256(bytes), reused: 0 });
        expect(readFileSync(to).equals(bytes)).toBe(true);
        expect(statSync(to).mode & 0o777).toBe(0o600);
        expect(progress[0]).toBe(0);
        expect(progress.at(-1)).toBe(1);
        expect(await copyBetween(host, from, host, to)).toMatchObject({ reused: bytes.length });
        expect(readdirSync(directory).toSorted()).toEqual(["from", "to"]);
      });

      it("go on where an earlier attempt ended, if that is how the source begins", async () => {
        writeFileSync(`${to}.part`, bytes.subarray(0, 1_000_000));
        expect(await copyBetween(host, from, host, to)).toMatchObject({ reused: 1_000_000 });
        expect(readFileSync(to).equals(bytes)).toBe(true);
        const longer = Buffer.concat([bytes, bytes]);
        for (const part of [randomBytes(1_000_000), longer]) {
          writeFileSync(to, "something older");
          writeFileSync(`${to}.part`, part);
          expect(await copyBetween(host, from, host, to)).toMatchObject({ reused: 0 });
          expect(readFileSync(to).equals(bytes)).toBe(true);
        }
        writeFileSync(to, "something older");
        writeFileSync(`${to}.part`, bytes);
        expect(await copyBetween(host, from, host, to)).toMatchObject({ reused: bytes.length });
      });

      it("may be empty", async () => {
        truncateSync(from, 0);
        await copyBetween(host, from, host, to);
        expect(statSync(to).size).toBe(0);
      });

      it("leave the old one in place when the connection is cut, and what came is used the next time", async () => {
        writeFileSync(to, "old");
        // 30 MB take long enough to be cut in the middle.
        const large = randomBytes(30_000_000);
        writeFileSync(from, large);
        let cut = false;
        const copying = copyBetween(host, from, host, to, {
          onProgress: (state) => {
            if (cut || state.bytes < 8_000_000) return;
            cut = true;
            server.cutConnections();
          },
        });
        await expect(copying).rejects.toMatchObject({ id: "TRANSFER_FAILED" });
        expect(readFileSync(to, "utf8")).toBe("old");
        await until(() => server.processes().length === 0);
        const { reused } = await copyBetween(host, from, host, to);
        expect(reused).toBeGreaterThan(0);
        expect(readFileSync(to).equals(large)).toBe(true);
      });

      it("are not finished when the caller aborts", async () => {
        writeFileSync(from, randomBytes(20_000_000));
        const abort = new AbortController();
        const copying = copyBetween(host, from, host, to, {
          signal: abort.signal,
          onProgress: () => abort.abort(new Error("cancelled")),
        });
        await expect(copying).rejects.toThrow("cancelled");
        expect(existsSync(to)).toBe(false);
        await until(() => server.processes().length === 0);
      });

      if (canReplaceTools)
        it("are refused when what arrived differs", async () => {
          // A source that changes under the copy: what is measured and what is sent are not the same.
          server.addProgram("tail", 'printf spoiled; exec /usr/bin/tail "$@"');
          await expect(copyBetween(host, from, host, to)).rejects.toMatchObject({ id: "TRANSFER_FAILED" });
          server.removeProgram("tail");
          expect(readdirSync(directory)).toEqual(["from"]);
        });

      if (isRoot || canReplaceTools)
        it("tell a full disk, and leave it no fuller", async () => {
          const target = join(fullDisk(), "copy");
          await expect(copyBetween(host, from, host, target)).rejects.toMatchObject({
            id: "DISK_FULL",
            node: "kitchen",
          });
          server.removeProgram("cat");
          expect((await host.run('ls -A "$1"', { args: [target.slice(0, -5)] })).stdout.toString()).not.toContain(
            "copy",
          );
        });

      it("tell a missing source", async () => {
        await expect(copyBetween(host, join(directory, "none"), host, to)).rejects.toMatchObject({
          id: "COMMAND_FAILED",
          what: expect.stringContaining("does not exist"),
        });
      });
    });
  },
);
