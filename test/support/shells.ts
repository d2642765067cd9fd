import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { LocalHostOptions } from "./local-host.ts";

/** A node as Debian is, and, where busybox is installed, one as Alpine is: its shell with nothing but its own tools. */
export function nodeKinds(): readonly { readonly kind: string; readonly options: LocalHostOptions }[] {
  const plain = { kind: "dash or sh with the system's tools", options: {} };
  const tools = mkdtempSync(join(tmpdir(), "understudy-busybox-"));
  afterAll(() => rmSync(tools, { recursive: true, force: true }));
  try {
    const busybox = execFileSync("sh", ["-c", "command -v busybox"], { encoding: "utf8" }).trim();
    execFileSync(busybox, ["--install", "-s", tools], { stdio: "ignore" });
    return [plain, { kind: "busybox", options: { shell: [busybox, "sh"], env: { PATH: tools } } }];
  } catch {
    return [plain];
  }
}
