import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CommandResult } from "./command.ts";

/** `openrc` under its own init, `busybox`: OpenRC under busybox's init as on Alpine, `systemd`. */
export type InitKind = "openrc" | "busybox" | "systemd";

/** How a host boots, and how to see from outside that it has. */
export interface InitSystem {
  /** The first program, with its arguments. */
  readonly command: readonly string[];
  /** Where it needs a file system of cgroup v2, "" for nowhere. */
  readonly cgroupMount: string;
  /** Whether boot has ended and these services have started. */
  hasStarted(host: BootingHost, services: readonly string[]): Promise<boolean>;
}

interface BootingHost {
  /** Where this process finds a file of the host. */
  outsidePath(path: string): string;
  execute(script: string, args: readonly string[]): Promise<CommandResult>;
}

export function initSystem(kind: InitKind): InitSystem {
  switch (kind) {
    case "openrc":
      return { command: ["/sbin/openrc-init"], cgroupMount: "", hasStarted: openrcHasStarted };
    case "busybox":
      return { command: ["/usr/bin/busybox", "init"], cgroupMount: "", hasStarted: openrcHasStarted };
    case "systemd":
      return { command: ["/lib/systemd/systemd"], cgroupMount: "/sys/fs/cgroup", hasStarted: systemdHasStarted };
  }
}

async function openrcHasStarted(host: BootingHost, services: readonly string[]): Promise<boolean> {
  const level = await readFile(host.outsidePath("/run/openrc/softlevel"), "utf8").catch(() => "");
  if (level.trim() !== "default") return false;
  const started = host.outsidePath("/run/openrc/started");
  const links = await Promise.all(services.map((name) => lstat(join(started, name)).catch(() => undefined)));
  return links.every((link) => link !== undefined);
}

async function systemdHasStarted(host: BootingHost, services: readonly string[]): Promise<boolean> {
  if ((await lstat(host.outsidePath("/run/systemd/private")).catch(() => undefined)) === undefined) return false;
  const units = services.map((name) => `${name}.service`);
  return (await host.execute('systemctl is-active --quiet -- "$@"', ["multi-user.target", ...units])).code === 0;
}
