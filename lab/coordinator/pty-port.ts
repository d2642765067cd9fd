import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { HostPort } from "./host-port.ts";
import { PortLock } from "./port-lock.ts";
import type { FromPtyHolder, ToPtyHolder } from "./pty-messages.ts";

const HOLDER = fileURLToPath(new URL("pty-holder.ts", import.meta.url));
/** A program that locks no port is taken to have it open for so long after it sent something, in ms. */
const UNLOCKED_SESSION_MS = 2000;

/**
 * A stick without power sends nothing any more, and the host's hub notices that it is gone a moment later. Without this pause
 * a program that is just reading may be told of end of file instead of a hang-up, and serialport then reads for ever.
 */
const UNPLUG_MS = 250;

let holder: ChildProcess | undefined;
let lastId = 0;
const open = new Set<number>();

/**
 * Opens a pseudo terminal as a dongle's USB serial port. Programs may open and close it as often as they like. What a
 * dongle sends while no program has it open is dropped, as the driver of a real port does.
 */
export async function openPtyPort(received: (bytes: Buffer) => void): Promise<HostPort & { readonly path: string }> {
  const process_ = (holder ??= startHolder());
  const id = ++lastId;
  open.add(id);
  const path = await new Promise<string>((resolve, reject) => {
    const ended = (): void => reject(new Error("The process that holds the pseudo terminals has ended."));
    process_.once("exit", ended);
    process_.on("message", function answered(message: FromPtyHolder) {
      if (message.event !== "opened" || message.id !== id) return;
      process_.off("message", answered);
      process_.off("exit", ended);
      resolve(message.path);
    });
    tell(process_, { do: "open", id });
  });

  const lock = new PortLock(path);
  let lastReceived = -Infinity;
  let senderLocks = false;
  const take = (message: FromPtyHolder): void => {
    if (message.event !== "data" || message.id !== id) return;
    lastReceived = performance.now();
    senderLocks = lock.held();
    received(Buffer.from(message.bytes));
  };
  process_.on("message", take);

  return {
    path,
    write: (bytes) => {
      if (!open.has(id)) return;
      const unlocked = !senderLocks && performance.now() - lastReceived < UNLOCKED_SESSION_MS;
      if (unlocked || lock.held()) tell(process_, { do: "write", id, bytes });
    },
    close: async () => {
      if (!open.delete(id)) return;
      await delay(UNPLUG_MS);
      const closed = new Promise<void>((resolve) => {
        // Ended already: its terminals went with it.
        if (!process_.connected) return resolve();
        process_.once("exit", () => resolve());
        process_.on("message", (message: FromPtyHolder) => {
          if (message.event === "closed" && message.id === id) resolve();
        });
      });
      tell(process_, { do: "close", id });
      await closed;
      process_.off("message", take);
      if (open.size === 0) await endHolder();
    },
  };
}

function startHolder(): ChildProcess {
  const child = fork(HOLDER, [], {
    serialization: "advanced",
    execArgv: [],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  child.setMaxListeners(0);
  return child;
}

async function endHolder(): Promise<void> {
  const child = holder;
  holder = undefined;
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.disconnect();
  await ended;
}

function tell(child: ChildProcess, message: ToPtyHolder): void {
  if (child.connected) child.send(message);
}
