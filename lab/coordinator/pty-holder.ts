/**
 * A process of its own that holds the pseudo terminals of the dongles. Their native descriptors are inherited by every
 * child process, and a terminal that some child still holds cannot be pulled; this process has no children.
 */
import fs from "node:fs";
import { createRequire } from "node:module";
import tty from "node:tty";
import type { FromPtyHolder, ToPtyHolder } from "./pty-messages.ts";

interface NativePty {
  open(columns: number, rows: number): { readonly master: number; readonly slave: number; readonly pty: string };
}

const require = createRequire(import.meta.url);
// The package's own open() reads from both ends, also what is meant for whoever opens the terminal.
const package_ = createRequire(require.resolve("@lydell/node-pty"));
const native = package_(`@lydell/node-pty-${process.platform}-${process.arch}/pty.node`) as NativePty;
const terminals = new Map<number, { readonly descriptor: number; close(): void }>();

process.on("message", (message: ToPtyHolder) => {
  if (message.do === "open") open(message.id);
  if (message.do === "write") write(message.id, message.bytes);
  if (message.do === "close") {
    terminals.get(message.id)?.close();
    terminals.delete(message.id);
    tell({ event: "closed", id: message.id });
  }
});
process.on("disconnect", () => process.exit());
// The lab ends in its own order when the terminal it runs in says stop.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

function open(id: number): void {
  const { master, slave, pty } = native.open(80, 24);
  // Held open so that the terminal outlives the programs that open and close it, and never read from.
  const held = new tty.ReadStream(slave);
  held.setRawMode(true);
  const stream = new tty.ReadStream(master);
  stream.on("data", (bytes) => tell({ event: "data", id, bytes }));
  stream.on("error", () => undefined);
  terminals.set(id, {
    descriptor: master,
    close: () => {
      stream.destroy();
      held.destroy();
    },
  });
  tell({ event: "opened", id, path: pty });
}

/** As on a serial line, what the other side does not take in time is lost. */
function write(id: number, bytes: Uint8Array): void {
  const terminal = terminals.get(id);
  if (!terminal) return;
  try {
    fs.writeSync(terminal.descriptor, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
  }
}

function tell(message: FromPtyHolder): void {
  process.send?.(message);
}
