import { spawn } from "@lydell/node-pty";
import type { IPty } from "@lydell/node-pty";
import { expect, test } from "vitest";
import { LAUNCHER, run, until } from "./command.ts";
import type { Home } from "./command.ts";
import { runningHome } from "./running-home.ts";

let home: Home;
runningHome((begun) => {
  home = begun;
});

/** A command on a terminal of its own. */
class OnTerminal {
  readonly pty: IPty;
  readonly ended: Promise<number>;
  #screen = "";

  constructor(...args: string[]) {
    this.pty = spawn(process.execPath, [LAUNCHER, ...args], {
      cols: 100,
      rows: 30,
      cwd: home.directory,
      env: home.env,
    });
    this.pty.onData((data) => (this.#screen += data));
    this.ended = new Promise((resolve) => this.pty.onExit(({ exitCode }) => resolve(exitCode)));
  }

  get screen(): string {
    return this.#screen;
  }

  async shows(text: string): Promise<void> {
    await until(
      () => this.#screen.includes(text),
      () => `the terminal shows ${text}, not only:\n${this.#screen}`,
    );
  }
}

test("it shows what it will do and asks; no means that nothing was started", async () => {
  const terminal = new OnTerminal("switchover");
  await terminal.shows("Do it? [y/N]");
  expect(terminal.screen).toMatch(/from: +node1/);
  expect(terminal.screen).toMatch(/to: +node2/);
  expect(terminal.screen).toMatch(/outage: +about 12\.3 s, as the last time/);
  terminal.pty.write("n\r");
  expect(await terminal.ended).toBe(2);
  expect(terminal.screen).toContain("nothing was started");
  expect((await run(home, "wait", "zigbee")).code).toBe(1);
});

test("after yes the steps are drawn over again as they change, and the table follows", async () => {
  const terminal = new OnTerminal("switchover", "--reason", "steps=3");
  await terminal.shows("Do it? [y/N]");
  terminal.pty.write("y\r");
  await terminal.shows("…  Stop the service");
  await terminal.shows("✓  Stop the service");
  expect(await terminal.ended).toBe(0);
  expect(terminal.screen).toContain("\u001B[1A\u001B[0J");
  expect(terminal.screen).toContain("Outcome: done (exit code 0)");
});

test("Ctrl-C ends the watching, not the handover", async () => {
  const terminal = new OnTerminal("switchover", "--yes", "--reason", "steps=8");
  await terminal.shows("✓  Stop the service");
  terminal.pty.write("\u0003");
  expect(await terminal.ended).toBe(5);
  expect(terminal.screen).toContain("the handover goes on");
  expect((await run(home, "wait", "zigbee")).code).toBe(0);
});

test("a terminal that is closed ends the watching, not the handover", async () => {
  const terminal = new OnTerminal("switchover", "--yes", "--reason", "steps=8");
  await terminal.shows("✓  Stop the service");
  terminal.pty.kill("SIGHUP");
  expect(await terminal.ended).toBe(5);
  expect((await run(home, "wait", "zigbee")).code).toBe(0);
});

test("where only a blank stick was in the way it asks, and tries again with it enrolled", async () => {
  const terminal = new OnTerminal("switchover", "--yes", "--reason", "outcome=blank steps=0");
  await terminal.shows("node2: The stick is blank. Let it become a spare");
  terminal.pty.write("y\r");
  expect(await terminal.ended).toBe(0);
  expect(terminal.screen).toContain("Outcome: refused (exit code 2)");
  expect(terminal.screen).toContain("Outcome: done (exit code 0)");
});
