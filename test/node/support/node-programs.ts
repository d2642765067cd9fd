import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { programs } from "../../../node/programs.ts";
import { temporaryDirectory } from "../../support/data-directory.ts";
import type { LocalHostOptions } from "../../support/local-host.ts";

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The programs of a node in a directory of their own, with a service that three commands of the test manage. */
export class NodePrograms {
  readonly #directory = temporaryDirectory();
  readonly #shell: readonly string[];
  readonly #path: string;
  /** Further variables that the programs get. */
  readonly variables: Record<string, string> = {};

  constructor({ shell = ["sh"], env = {} }: LocalHostOptions) {
    this.#shell = shell;
    this.#path = env["PATH"] ?? process.env["PATH"] ?? "";
    for (const directory of ["library", "bin", "config", "run", "state", "data", "service"])
      mkdirSync(join(this.path, directory));
    for (const { path, content } of programs()) writeFileSync(join(this.library, basename(path)), content);
    this.boot("boot-1");
    this.fake("ssh", "exit 255");
    this.fake("logger", "exit 0");
    // Debian's busybox lacks it, Alpine's has it.
    this.fake("flock", 'exec /usr/bin/flock "$@"');
    this.fake(
      "python",
      '[ ! -e "$0.silent" ] || echo \'{"outcome": "answered", "resetSeen": true, "deviceState": 0}\'',
    );
    writeFileSync(`${join(this.path, "bin", "python")}.silent`, "");
    for (const file of ["configuration.yaml", "database.db", "coordinator_backup.json"]) this.data(file, "x\n");
  }

  get path(): string {
    return this.#directory.path;
  }

  get library(): string {
    return join(this.path, "library");
  }

  get state(): string {
    return join(this.path, "state");
  }

  remove(): void {
    this.#directory.remove();
  }

  /** The kernel's name of the boot from now on. */
  boot(id: string): void {
    writeFileSync(join(this.path, "boot_id"), `${id}\n`);
  }

  /** A file of the state directory, just as given; undefined removes it. */
  keep(name: string, content: string | undefined): void {
    const file = join(this.state, name);
    if (content === undefined) rmSync(file, { force: true });
    else writeFileSync(file, content);
  }

  kept(name: string): string | undefined {
    const file = join(this.state, name);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  }

  data(name: string, content: string | undefined): void {
    const file = join(this.path, "data", name);
    if (content === undefined) rmSync(file, { force: true });
    else writeFileSync(file, content);
  }

  /** Puts a program of the test before all others. */
  fake(name: string, script: string): void {
    const file = join(this.path, "bin", name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }

  /** As `fake`; asked for the first time, it answers nothing for a minute. */
  hangsAtFirst(name: string, script: string): void {
    const asked = join(this.path, `${name}.asked`);
    this.fake(name, `[ -e ${asked} ] || { : >${asked}; exec sleep 60; }\n${script}`);
  }

  /** Writes this node's settings, with further lines. */
  settings(...lines: string[]): string {
    const file = join(this.path, "config", "zigbee.conf");
    const service = join(this.path, "service");
    const all = [
      "service=zigbee",
      "instance=zigbee",
      `state=${this.state}`,
      "manager=commands",
      `start=echo started >>${service}/log; : >${service}/runs`,
      `stop=echo stopped >>${service}/log; rm -f ${service}/runs`,
      `status=[ -e ${service}/runs ] || exit 3`,
      `port=${join(this.path, "stick")}`,
      `python=${join(this.path, "bin", "python")}`,
      `data=${join(this.path, "data")}`,
      ...lines,
    ];
    writeFileSync(join(this.path, "stick"), "");
    writeFileSync(file, all.map((line) => `${line}\n`).join(""));
    return file;
  }

  /** Whether the service runs, and what was done to it. */
  get service(): { runs: boolean; log: string } {
    const log = join(this.path, "service", "log");
    return {
      runs: existsSync(join(this.path, "service", "runs")),
      log: existsSync(log) ? readFileSync(log, "utf8") : "",
    };
  }

  /** Somebody starts the service past everything. */
  startService(): void {
    writeFileSync(join(this.path, "service", "runs"), "");
  }

  /** It ends by itself. */
  endService(): void {
    rmSync(join(this.path, "service", "runs"), { force: true });
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PATH: `${join(this.path, "bin")}:${this.#path}`,
      UNDERSTUDY_BOOT_ID_FILE: join(this.path, "boot_id"),
      UNDERSTUDY_CONFIG_DIRECTORY: join(this.path, "config"),
      UNDERSTUDY_RUN_DIRECTORY: join(this.path, "run"),
      UNDERSTUDY_LIBRARY: this.library,
      UNDERSTUDY_GRACE_SECONDS: "0",
      UNDERSTUDY_ASK_SECONDS: "0",
      ...this.variables,
    };
  }

  /** Runs one of the programs to its end. */
  run(program: string, ...args: string[]): Ended {
    const [command = "sh", ...first] = this.#shell;
    const ended = spawnSync(command, [...first, join(this.library, program), ...args], {
      env: this.environment,
      encoding: "utf8",
      timeout: 30_000,
    });
    return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr };
  }

  gate(): Ended {
    return this.run("gate", this.state);
  }
}
