/** Tells the reader what happens, each line with the seconds since the beginning. */
export class Narrator {
  readonly #startedAt = performance.now();

  heading(text: string): void {
    process.stdout.write(`\n${text}\n`);
  }

  line(text: string): void {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    process.stdout.write(`${seconds.toFixed(1).padStart(6)} s  ${text}\n`);
  }

  plain(text = ""): void {
    process.stdout.write(`${text}\n`);
  }
}
