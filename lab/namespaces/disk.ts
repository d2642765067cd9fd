import { chmod, chown, mkdir, readdir, rm, statfs, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { must, runCommand } from "./command.ts";
import type { HostFile, HostFiles, HostLink, HostMount } from "./host-service.ts";

/** Top-level directories of this machine that a host is made from; it sees nothing else of this machine's files. */
const SYSTEM_DIRECTORIES = /^(bin|sbin|lib[^/]*|usr|etc|proc|sys|dev)$/;
/** Inside those, what a host gets empty, because this machine's own services and keys are no business of it. */
const EMPTIED = [
  "etc/init.d",
  "etc/runlevels",
  "etc/ssh",
  "etc/mosquitto",
  "etc/systemd/system",
  "etc/machine-id",
  "usr/local",
];

/**
 * What a host keeps over a reboot: an overlay's upper directory over this machine's /usr, /etc and so on, in a tmpfs of
 * limited size. Small file systems for single directories (volumes) can be added, to fill them separately.
 */
export interface Disk {
  /** The tmpfs: holds `upper` and `work` of the root file system. */
  readonly directory: string;
  /** Where a file that the host has written is while it is off; this must not be changed while it is on. */
  pathAtRest(path: string): string;
  /** Takes all free space of the file system that holds the path, but for so many bytes. */
  fill(path: string, leaveBytes: number): Promise<void>;
  /** Gives back what `fill` took. */
  free(path: string): Promise<void>;
  remove(): Promise<void>;
}

export interface DiskOptions {
  /** Directory of this machine for the mount points. */
  readonly directory: string;
  /** Beginning of the mounts' source names. */
  readonly prefix: string;
  readonly megabytes: number;
  /** Directories of the host that are file systems of their own, with their size in MB. */
  readonly volumes: Readonly<Record<string, number>>;
  readonly mounts: readonly HostMount[];
  readonly files: HostFiles;
}

/** Makes the disk, installs the files on it, and leaves the table of mounts for boot.sh in the directory. */
export async function createDisk(options: DiskOptions): Promise<Disk> {
  const directory = join(options.directory, "disk");
  const fileSystems = new Map<string, string>([["/", directory]]);
  for (const [index, path] of Object.keys(options.volumes).entries()) {
    fileSystems.set(path, join(options.directory, `volume${index}`));
  }

  async function remove(): Promise<void> {
    for (const mountPoint of fileSystems.values()) await unmount(mountPoint);
  }

  try {
    for (const [path, mountPoint] of fileSystems) {
      await mkdir(mountPoint, { recursive: true });
      const size = path === "/" ? options.megabytes : options.volumes[path];
      await must("mount", ["-t", "tmpfs", "-o", `size=${size}m,mode=0755`, `${options.prefix}disk`, mountPoint]);
    }
    await mkdir(join(directory, "upper"));
    await mkdir(join(directory, "work"));
    await hideThisMachine(join(directory, "upper"));
    await writeFile(join(options.directory, "mounts"), await describeMounts(options, fileSystems));
    await install(options, directory);

    const layers = writableLayers(options, fileSystems);
    const fillerOf = (path: string): string => join(fileSystemOf(path, fileSystems), "filler");
    return {
      directory,
      pathAtRest(path) {
        const target = nearest(path, layers);
        return join(layers.get(target) ?? "", relative(target, path));
      },
      async fill(path, leaveBytes) {
        const { bavail, bsize } = await statfs(fileSystemOf(path, fileSystems));
        const bytes = bavail * bsize - leaveBytes;
        if (bytes > 0) await must("fallocate", ["--length", String(bytes), fillerOf(path)]);
      },
      free: (path) => rm(fillerOf(path), { force: true }),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

function fileSystemOf(path: string, fileSystems: ReadonlyMap<string, string>): string {
  return fileSystems.get(nearest(path, fileSystems)) ?? "";
}

/** The innermost of the places that holds the path; "/" is always one of them. */
function nearest(path: string, places: ReadonlyMap<string, string>): string {
  let candidate = path;
  while (candidate !== "/" && !places.has(candidate)) candidate = dirname(candidate);
  return candidate;
}

/** By place in the host, the directory that takes what the host writes there. */
function writableLayers(options: DiskOptions, fileSystems: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const layers = new Map<string, string>();
  for (const [path, mountPoint] of fileSystems) layers.set(path, join(mountPoint, path === "/" ? "upper" : "content"));
  for (const [index, { kind, target }] of options.mounts.entries()) {
    if (kind === "overlay") layers.set(target, join(overlayDirectory(fileSystems, index), "upper"));
  }
  return layers;
}

function overlayDirectory(fileSystems: ReadonlyMap<string, string>, index: number): string {
  return join(fileSystems.get("/") ?? "", `overlay${index}`);
}

/** Puts whiteouts (overlayfs: a character device 0/0 hides the name) over all that is not the bare system. */
async function hideThisMachine(upper: string): Promise<void> {
  const topLevel = (await readdir("/")).filter((name) => !SYSTEM_DIRECTORIES.test(name));
  for (const path of [...topLevel, ...EMPTIED]) {
    await mkdir(dirname(join(upper, path)), { recursive: true });
    await must("mknod", [join(upper, path), "c", "0", "0"]);
  }
}

/** The table for mounts.sh: one mount per line, as kind, source, target and upper directory, separated by tabs. */
async function describeMounts(options: DiskOptions, fileSystems: ReadonlyMap<string, string>): Promise<string> {
  const lines: string[] = [];
  for (const [index, mount] of options.mounts.entries()) {
    const upper = overlayDirectory(fileSystems, index);
    if (mount.kind === "overlay") await mkdir(join(upper, "upper"), { recursive: true });
    if (mount.kind === "overlay") await mkdir(join(upper, "work"));
    lines.push([mount.kind, mount.source, mount.target, upper].join("\t"));
  }
  for (const [path, mountPoint] of fileSystems) {
    if (path === "/") continue;
    await mkdir(join(mountPoint, "content"));
    lines.push(["volume", join(mountPoint, "content"), path, "-"].join("\t"));
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** Writes the files through the overlay, so that what they replace of this machine's files is hidden as a whole. */
async function install(options: DiskOptions, disk: string): Promise<void> {
  const staging = join(options.directory, "staging");
  for (const [path, entry] of Object.entries(options.files)) {
    await stage(join(staging, path), typeof entry === "string" ? { content: entry } : entry);
  }
  await mkdir(join(options.directory, "root"), { recursive: true });
  const script = fileURLToPath(new URL("install.sh", import.meta.url));
  await must("unshare", ["--mount", "--propagation", "private", "sh", script, options.directory, disk]);
  await rm(staging, { recursive: true });
}

async function stage(target: string, entry: HostFile | HostLink): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  if ("linkTo" in entry) return symlink(entry.linkTo, target);
  await writeFile(target, entry.content);
  await chmod(target, entry.mode ?? 0o644);
  await chown(target, entry.owner ?? 0, entry.owner ?? 0);
}

async function unmount(mountPoint: string): Promise<void> {
  const { code } = await runCommand("mountpoint", ["--quiet", mountPoint]);
  if (code === 0) await must("umount", [mountPoint]);
}
