import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/** What another program does with a serial port: `start` starts a Z-Stack as Zigbee2MQTT would, `hold` keeps the port locked. */
const PROGRAM = `
import fcntl, os, select, sys, time, tty
fd = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
fcntl.flock(fd, fcntl.LOCK_EX)
tty.setraw(fd)
if sys.argv[2] == "start":
    os.write(fd, bytes((0xFE, 2, 0x25, 0x40, 100, 0, 2 ^ 0x25 ^ 0x40 ^ 100)))
    deadline = time.monotonic() + 20
    seen = b""
    # ZDO_STATE_CHANGE_IND: started as coordinator.
    while bytes((0xFE, 1, 0x45, 0xC0, 9)) not in seen and time.monotonic() < deadline:
        if select.select([fd], [], [], 0.2)[0]:
            seen += os.read(fd, 4096)
    sys.exit(0 if time.monotonic() < deadline else 1)
print("held", flush=True)
sys.stdin.read()
`;

/** Starts the stack of the coordinator at a port, and leaves the port. */
export async function startStack(port: string): Promise<void> {
  const [code] = (await once(run(port, "start"), "close")) as [number | null];
  if (code !== 0) throw new Error("The stack did not start.");
}

/** Keeps a port locked until the function that it returns is called. */
export async function holdPort(port: string): Promise<() => Promise<void>> {
  const child = run(port, "hold");
  if (child.stdout) await once(child.stdout, "data");
  return async () => {
    const ended = once(child, "close");
    child.stdin?.end();
    await ended;
  };
}

function run(port: string, what: "start" | "hold"): ChildProcess {
  return spawn("python3", ["-c", PROGRAM, port, what], { stdio: ["pipe", "pipe", "inherit"] });
}
