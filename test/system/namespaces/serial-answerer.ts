import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Answers "ping" with "pong" on a pseudo terminal whose path it prints first. */
const PROGRAM = `
import os, pty, tty
master, slave = pty.openpty()
tty.setraw(slave)
print(os.ttyname(slave), flush=True)
while data := os.read(master, 64):
    if b"ping" in data:
        os.write(master, b"pong")
`;

export interface SerialAnswerer {
  /** /dev/pts/… */
  readonly path: string;
  stop(): Promise<void>;
}

/** Something on a serial line that answers, as simple as can be. */
export async function startSerialAnswerer(): Promise<SerialAnswerer> {
  const child = spawn("python3", ["-c", PROGRAM], { stdio: ["ignore", "pipe", "inherit"] });
  const [path] = (await once(createInterface(child.stdout), "line")) as [string];
  return {
    path,
    async stop() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}
