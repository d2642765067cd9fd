import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { resetCoordinator } from "../../coordinators/reset.ts";
import type { ResetOptions } from "../../coordinators/reset.ts";
import { usbPortArguments } from "../../coordinators/usb-port-script.ts";
import { openPtyPort } from "../../lab/coordinator/pty-port.ts";
import { localHost } from "../support/local-host.ts";
import type { LocalHostOptions } from "../support/local-host.ts";
import { nodeKinds } from "../support/shells.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-reset-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("a USB port as the kernel names it, in the words of uhubctl and of sysfs", () => {
  expect(usbPortArguments("1-1.2")).toEqual({ hub: "1-1", number: "2", directory: "1-1:1.0/1-1-port2" });
  expect(usbPortArguments("3-12")).toEqual({ hub: "3", number: "12", directory: "3-0:1.0/usb3-port12" });
  expect(usbPortArguments("1-1.4.3")).toEqual({ hub: "1-1.4", number: "3", directory: "1-1.4:1.0/1-1.4-port3" });
});

/** A node's sysfs with a hub and a stick at its second port, and a kernel that follows the port's switch. */
class Machine {
  readonly sys = join(directory, "sys");
  readonly stick = join(directory, "ttyUSB0");
  readonly #port = join(this.sys, "bus/usb/devices/1-1:1.0/1-1-port2");
  readonly #kernel: NodeJS.Timeout;
  /** What the switch was set to, one after the other. */
  readonly switched: string[] = [];
  /** False: the hub has no switch for single ports. */
  switches = true;

  constructor({ at = "1-1/1-1.2/1-1.2:1.0", disable = "0" } = {}) {
    const device = join(this.sys, "devices/usb1", at, "ttyUSB0");
    for (const made of [device, join(this.sys, "class/tty/ttyUSB0"), join(this.#port, "peer")])
      mkdirSync(made, { recursive: true });
    symlinkSync(device, join(this.sys, "class/tty/ttyUSB0/device"));
    writeFileSync(join(this.#port, "disable"), disable);
    writeFileSync(join(this.#port, "peer/disable"), disable);
    this.#follow();
    this.#kernel = setInterval(() => this.#follow(), 5);
  }

  get twin(): string {
    return readFileSync(join(this.#port, "peer/disable"), "utf8").trim();
  }

  withoutSwitch(): void {
    rmSync(join(this.#port, "disable"));
  }

  stop(): void {
    clearInterval(this.#kernel);
  }

  #follow(): void {
    const file = join(this.#port, "disable");
    const now = existsSync(file) ? readFileSync(file, "utf8").trim() : "0";
    if (now === "" || (now === this.switched.at(-1) && existsSync(this.stick) === (now === "0" || !this.switches)))
      return;
    if (now !== this.switched.at(-1)) this.switched.push(now);
    if (now === "1" && this.switches) rmSync(this.stick, { force: true });
    if (now === "0") writeFileSync(this.stick, "");
  }
}

describe("the power of its USB port", () => {
  let machine: Machine;
  afterEach(() => machine.stop());

  const cycle = (host: LocalHostOptions = {}, but: Partial<ResetOptions> & { rescueMs?: number } = {}) => {
    const { rescueMs = 20_000, ...options } = but;
    return resetCoordinator(localHost(host), {
      reset: { kind: "usb-port", usbPort: "1-1.2" },
      port: machine.stick,
      python: "python3",
      usb: { sys: machine.sys, offMs: 300, rescueMs },
      ...options,
    });
  };

  test.each(nodeKinds())("is switched off and on by the kernel, with that of its twin: $kind", async ({ options }) => {
    machine = new Machine();
    await cycle(options);
    expect(machine.switched).toEqual(["0", "1", "0"]);
    expect({ there: existsSync(machine.stick), twin: machine.twin }).toEqual({ there: true, twin: "0" });
  });

  test("is switched by uhubctl where the node has it", async () => {
    machine = new Machine();
    const bin = join(directory, "bin");
    const log = join(directory, "uhubctl.log");
    mkdirSync(bin);
    const off = `case "$*" in *off) rm ${machine.stick} ;; *) : >${machine.stick} ;; esac`;
    writeFileSync(join(bin, "uhubctl"), `#!/bin/sh\necho "$*" >>${log}\n${off}\n`, { mode: 0o755 });
    machine.stop();
    await cycle({ env: { PATH: `${bin}:${process.env.PATH ?? ""}` } });
    expect(readFileSync(log, "utf8")).toBe("-l 1-1 -p 2 -a off\n-l 1-1 -p 2 -a on\n");
  });

  test.each([
    ["something else", "1-1/1-1.3/1-1.3:1.0"],
    ["a hub with the stick and perhaps others", "1-1/1-1.2/1-1.2.4/1-1.2.4:1.0"],
  ])("is never cut where %s is plugged in", async (_what, at) => {
    machine = new Machine({ at });
    await expect(cycle()).rejects.toMatchObject({
      id: "COORDINATOR_NOT_RESET",
      what: expect.stringContaining("is not plugged into the USB port"),
    });
    expect(machine.switched).toEqual(["0"]);
  });

  test("is only given back where an earlier try left the port without", async () => {
    machine = new Machine({ disable: "1" });
    await cycle();
    expect({ switched: machine.switched, twin: machine.twin }).toEqual({ switched: ["1", "0"], twin: "0" });
  });

  test("I9: is given back when the step is ended half-way, and when it is killed there", async () => {
    machine = new Machine();
    const ended = (how: string) => ({
      alter: (script: string) => script.replace('sleep "$off_s"', () => `sleep 0.2; kill -${how} $$; sleep 1`),
    });
    await expect(cycle(ended("TERM"))).rejects.toMatchObject({ id: "COORDINATOR_NOT_RESET" });
    await expect.poll(() => machine.switched).toEqual(["0", "1", "0"]);

    await expect(cycle(ended("KILL"), { rescueMs: 600 })).rejects.toMatchObject({ id: "COORDINATOR_NOT_RESET" });
    await expect.poll(() => machine.switched).toEqual(["0", "1", "0", "1", "0"]);
    await expect.poll(() => existsSync(machine.stick)).toBe(true);
  });

  test("that does not go off is said, and it is on again", async () => {
    machine = new Machine();
    machine.switches = false;
    await expect(cycle()).rejects.toMatchObject({ what: expect.stringContaining("stayed plugged in") });
    await expect.poll(() => machine.switched).toEqual(["0", "1", "0"]);
  });

  test("cannot be switched on an older kernel without uhubctl, or for a coordinator on the network", async () => {
    machine = new Machine();
    machine.withoutSwitch();
    await expect(cycle()).rejects.toMatchObject({ what: expect.stringContaining("neither uhubctl nor a kernel") });
    await expect(cycle({}, { port: "tcp://10.0.0.5:6638" })).rejects.toMatchObject({
      what: expect.stringContaining("on the network"),
    });
  });
});

describe("a command of the user's", () => {
  const command = (text: string, port = join(directory, "ttyUSB0"), returnMs = 1_000) =>
    resetCoordinator(localHost(), { reset: { kind: "command", command: text }, port, python: "python3", returnMs });

  test("has done it when it ends well and the stick is there", async () => {
    await command(`: >${directory}/ttyUSB0`);
    await expect(command(`rm ${directory}/ttyUSB0`)).rejects.toMatchObject({
      what: expect.stringContaining("did not come back"),
    });
  });

  test("may reset a coordinator on the network", () => command("exit 0", "tcp://10.0.0.5:6638"));

  test("is told by its exit status alone: what it prints may be a secret", async () => {
    const error: unknown = await command("echo hunter2; exit 3").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ id: "COORDINATOR_NOT_RESET", what: expect.stringContaining("exit status 3") });
    expect(String(error)).not.toContain("hunter2");
  });
});

/** Notes what is done to the modem lines, which a pseudo terminal does not have. */
const SPY = `
import fcntl, os, struct, termios
real = fcntl.ioctl
def ioctl(fd, request, *rest):
    if request != termios.TIOCMSET:
        return real(fd, request, *rest)
    lines = struct.unpack("I", rest[0])[0]
    names = [name for name in ("DTR", "RTS") if lines & getattr(termios, "TIOCM_" + name)]
    with open(os.environ["LINES"], "a") as log:
        log.write("+".join(names) + "\\n")
fcntl.ioctl = ioctl
`;

describe("the reset line behind its serial adapter", () => {
  const pull = (port: string, env: Readonly<Record<string, string>> = {}) =>
    resetCoordinator(localHost({ env }), { reset: { kind: "line", stick: "zbdongle-p" }, port, python: "python3" });

  test("is pulled by RTS alone, so that the bootloader is never asked for", async () => {
    writeFileSync(join(directory, "sitecustomize.py"), SPY);
    const terminal = await openPtyPort(() => undefined);
    const log = join(directory, "lines");
    await pull(terminal.path, { PYTHONPATH: directory, LINES: log });
    expect(readFileSync(log, "utf8")).toBe("DTR+RTS\nDTR\nDTR+RTS\n");

    await expect(pull(terminal.path)).rejects.toMatchObject({ what: expect.stringContaining("no modem lines") });
    await terminal.close();
  });

  test("cannot be pulled where there is no stick", () =>
    expect(pull("/dev/serial/by-id/nothing")).rejects.toMatchObject({
      id: "COORDINATOR_NOT_RESET",
      what: expect.stringContaining("no such device"),
    }));
});
