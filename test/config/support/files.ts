import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Directory {
  readonly path: string;
  /** Writes a file and returns its path. `mode` defaults to 0600. */
  write(name: string, content: string | Uint8Array, mode?: number): Promise<string>;
  remove(): Promise<void>;
}

export async function temporaryDirectory(): Promise<Directory> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "understudy-config-")));
  return {
    path,
    async write(name, content, mode = 0o600) {
      await writeFile(join(path, name), content, { mode });
      return join(path, name);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
