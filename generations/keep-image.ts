import { createHash } from "node:crypto";
import { serializeNvramImage, type NvramImage } from "../coordinators/nvram-image.ts";
import type { Host } from "../hosts/host.ts";
import { generationDirectory, serializeManifest, type Manifest, type NodePaths } from "./generation.ts";
import { runNodeScript } from "./node-script.ts";

/** `$1` generation; on standard input the manifest's size in bytes, a line's end, the manifest, the image. */
const KEEP_SCRIPT = `
cd "$1"
take .both.new
size=$(head -n 1 .both.new)
tail -n +2 .both.new > .rest.new
head -c "$size" .rest.new > .manifest.new
tail -c +"$((size + 1))" .rest.new > .nvram.new
flush .nvram.new; flush .manifest.new
# The manifest with the image's hash comes last: a kill between leaves an image that the next attempt replaces.
mv .nvram.new nvram.json
mv .manifest.new manifest.json
rm -f .both.new .rest.new
flush .
`;

/**
 * Keeps the image of a standby's own coordinator with the live generation that it was written with: what a take-over raises the
 * counters of. Doing it again replaces it.
 * @throws UnderstudyError COMMAND_FAILED, DISK_FULL, and what Host.run throws.
 */
export async function keepImage(host: Host, node: NodePaths, manifest: Manifest, image: NvramImage): Promise<Manifest> {
  const bytes = Buffer.from(serializeNvramImage(image));
  const kept: Manifest = {
    ...manifest,
    nvram: { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") },
  };
  const text = Buffer.from(serializeManifest(kept));
  await runNodeScript(host, KEEP_SCRIPT, {
    purpose: "keep its coordinator's image",
    args: [generationDirectory(node, manifest.id)],
    input: Buffer.concat([Buffer.from(`${text.length}\n`), text, bytes]),
  });
  return kept;
}
