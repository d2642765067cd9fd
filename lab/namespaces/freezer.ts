import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A cgroup that holds all processes of one host, so that they can be stopped and continued at one moment. */
export interface Freezer {
  /** The file that a process writes "0" to in order to join, with all its later children. */
  readonly joinFile: string;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  remove(): Promise<void>;
}

interface Hierarchy {
  readonly mountPoint: string;
  readonly file: string;
  readonly frozen: string;
  readonly thawed: string;
}

/** Makes a cgroup with this name, in cgroup v2 where it is mounted, else in v1's freezer hierarchy. */
export async function createFreezer(name: string): Promise<Freezer> {
  const hierarchy = findHierarchy(await readFile("/proc/self/mountinfo", "utf8"));
  const directory = join(hierarchy.mountPoint, name);
  await mkdir(directory);
  const write = (value: string): Promise<void> => writeFile(join(directory, hierarchy.file), value);
  return {
    joinFile: join(directory, "cgroup.procs"),
    async freeze() {
      await write(hierarchy.frozen);
      await waitUntilFrozen(directory);
    },
    thaw: () => write(hierarchy.thawed),
    remove: () => removeCgroup(directory),
  };
}

/** Removes a cgroup without processes, and those that systemd made in it. */
export async function removeCgroup(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) await removeCgroup(join(directory, entry.name));
  }
  for (let attempt = 0; attempt < 100; attempt++) {
    const error = await rmdir(directory).then(
      () => undefined,
      (reason: NodeJS.ErrnoException) => reason,
    );
    if (error === undefined || error.code === "ENOENT") return;
    await delay(20); // The last process may still be on its way out.
  }
  throw new Error(`${directory} still holds processes.`);
}

function findHierarchy(mountinfo: string): Hierarchy {
  const mounts = mountinfo.split("\n").map((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [type = "", , options = ""] = after.split(" ");
    return { mountPoint: before.split(" ")[4] ?? "", type, options };
  });
  const v2 = mounts.find((mount) => mount.type === "cgroup2");
  if (v2) return { mountPoint: v2.mountPoint, file: "cgroup.freeze", frozen: "1", thawed: "0" };
  const v1 = mounts.find((mount) => mount.type === "cgroup" && mount.options.split(",").includes("freezer"));
  if (v1) return { mountPoint: v1.mountPoint, file: "freezer.state", frozen: "FROZEN", thawed: "THAWED" };
  throw new Error("Neither cgroup v2 nor the freezer of cgroup v1 is mounted; namespace hosts cannot be frozen here.");
}

async function waitUntilFrozen(directory: string): Promise<void> {
  for (let attempt = 0; attempt < 250; attempt++) {
    const events = await readFile(join(directory, "cgroup.events"), "utf8").catch(() => "");
    const state = await readFile(join(directory, "freezer.state"), "utf8").catch(() => "");
    if (/^frozen 1$/m.test(events) || state.trim() === "FROZEN") return;
    await delay(20);
  }
  throw new Error(`${directory} did not freeze within 5 s.`);
}
