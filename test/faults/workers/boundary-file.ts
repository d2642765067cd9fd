import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

/** Where in which activity something is to happen, once. */
export interface Boundary {
  readonly activity: string;
  /** Before its effect, after it but before Temporal hears of it, or so many ms after it began. */
  readonly when: "before" | "after" | number;
  /** `kill`: the worker kills itself. `tell`: it says so and waits, so that something else can be struck. */
  readonly act: "kill" | "tell";
}

/** A boundary that runner and worker agree on by a file. It is met at most once. */
export class BoundaryFile {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** The runner asks for it. */
  ask(boundary: Boundary): void {
    rmSync(this.#reached, { force: true });
    writeFileSync(`${this.#file}.new`, JSON.stringify(boundary));
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** What is asked for now. */
  asked(): Boundary | undefined {
    try {
      return JSON.parse(readFileSync(this.#file, "utf8")) as Boundary;
    } catch {
      return undefined;
    }
  }

  /** The worker is there; it will not be again. */
  meet(): void {
    renameSync(this.#file, this.#reached);
  }

  /** The worker has been there, and waits if it was to tell. */
  get met(): boolean {
    return existsSync(this.#reached);
  }

  /** The runner lets it go on; whatever was asked for and never met is taken back. */
  release(): void {
    rmSync(this.#reached, { force: true });
    rmSync(this.#file, { force: true });
  }

  get #reached(): string {
    return `${this.#file}.reached`;
  }
}
