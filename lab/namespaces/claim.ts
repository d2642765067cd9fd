import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { must, runCommand } from "./command.ts";
import { removeCgroup } from "./freezer.ts";

/** One claim is one subnet 10.77.<number>.0/24; everything that the lab makes in the kernel carries its number. */
export interface Claim {
  readonly number: number;
  /** Common beginning of the names of all network namespaces and mounts of this claim. */
  readonly prefix: string;
  release(): Promise<void>;
}

const CLAIMS = "/run/understudy-lab";

export function claimPrefix(number: number): string {
  return `understudy${number}-`;
}

/** Takes a subnet that no other lab on this machine uses, after sweeping up what killed labs left behind. */
export async function claimSubnet(): Promise<Claim> {
  await mkdir(CLAIMS, { recursive: true });
  await sweepAbandonedClaims();
  const taken = await must("ip", ["-4", "-o", "addr", "show"]);
  for (let number = 1; number < 255; number++) {
    if (taken.includes(` 10.77.${number}.`)) continue;
    const directory = join(CLAIMS, String(number));
    try {
      await mkdir(directory); // mkdir is the lock: of two labs only one succeeds.
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue;
      throw error;
    }
    await writeFile(join(directory, "owner"), `${process.pid} ${await startTime(process.pid)}`);
    return { number, prefix: claimPrefix(number), release: () => rm(directory, { recursive: true, force: true }) };
  }
  throw new Error("All subnets 10.77.1.0/24 to 10.77.254.0/24 are in use.");
}

/** Removes the namespaces, mounts and cgroups of labs whose process was killed before it could do so itself. */
export async function sweepAbandonedClaims(): Promise<void> {
  const numbers = await readdir(CLAIMS).catch(() => []);
  for (const number of numbers) {
    const directory = join(CLAIMS, number);
    const owner = await readFile(join(directory, "owner"), "utf8").catch(() => "");
    if (owner === "" || (await ownerLives(owner))) continue; // No owner yet: another lab is just claiming it.
    await removeKernelObjects(claimPrefix(Number(number)));
    await rm(directory, { recursive: true, force: true });
  }
}

/** What of a claim is still in the kernel: names of network namespaces, mount points and cgroups. Empty when all is torn down. */
export async function kernelObjects(prefix: string): Promise<string[]> {
  const namespaces = (await readdir("/run/netns").catch(() => [])).filter((name) => name.startsWith(prefix));
  return [...namespaces, ...(await mountPoints(prefix)), ...(await cgroups(prefix))];
}

async function removeKernelObjects(prefix: string): Promise<void> {
  // Deleting the namespaces also deletes their interfaces and, with those, the controller's end of its cable.
  for (const name of await readdir("/run/netns").catch(() => [])) {
    if (name.startsWith(prefix)) await runCommand("ip", ["netns", "del", name]);
  }
  for (const point of await mountPoints(prefix)) await runCommand("umount", ["--lazy", point]);
  for (const group of await cgroups(prefix)) await removeCgroup(group);
}

/** Mount points of this mount namespace whose source begins with the prefix, the innermost first. */
async function mountPoints(prefix: string): Promise<string[]> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  const points: string[] = [];
  for (const line of table.split("\n")) {
    const [before, after] = line.split(" - ");
    if (after?.split(" ")[1]?.startsWith(prefix)) points.push(unescapeMountPoint(before?.split(" ")[4] ?? ""));
  }
  return points.toReversed();
}

function unescapeMountPoint(escaped: string): string {
  return escaped.replaceAll(/\\([0-7]{3})/g, (_match, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

async function cgroups(prefix: string): Promise<string[]> {
  const found: string[] = [];
  for (const hierarchy of [
    "/sys/fs/cgroup",
    "/sys/fs/cgroup/unified",
    "/sys/fs/cgroup/freezer",
    "/sys/fs/cgroup/systemd",
  ]) {
    for (const name of await readdir(hierarchy).catch(() => [])) {
      if (name.startsWith(prefix)) found.push(join(hierarchy, name));
    }
  }
  return found;
}

async function ownerLives(owner: string): Promise<boolean> {
  const [pid, started] = owner.split(" ");
  return started === (await startTime(Number(pid)));
}

/** Start time of a process in clock ticks (proc(5), field 22 of stat), "" if there is none. With the id it never repeats. */
async function startTime(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}
