import type { HandoverReport } from "../../workflows/contract.ts";
import type { Output } from "../output.ts";
import { plain } from "../words.ts";
import { endedStepLine, liveLines } from "./steps.ts";

/** Shows a handover while it runs. */
export interface LiveView {
  update(report: HandoverReport): void;
  /** A sentence between the steps. */
  remark(sentence: string): void;
  /** Ends the showing; on a terminal the steps are wiped, because a table follows. */
  close(): void;
}

export function createLiveView(output: Output): LiveView {
  return output.people.isTTY ? new TerminalView(output.people) : new LogView(output);
}

/** A line for each step as it ends: for logs, pipes and Home Assistant. */
class LogView implements LiveView {
  readonly #output: Output;
  readonly #shown = new Set<number>();
  #asked = "";

  constructor(output: Output) {
    this.#output = output;
  }

  update(report: HandoverReport): void {
    const asks = report.waitsForPerson ? report.message : "";
    if (asks !== this.#asked && asks !== "") this.#output.note(plain(asks));
    this.#asked = asks;
    for (const [index, step] of report.steps.entries()) {
      if (step.state === "running" || this.#shown.has(index)) continue;
      this.#shown.add(index);
      this.#output.say(endedStepLine(step));
    }
  }

  remark(sentence: string): void {
    this.#output.note(sentence);
  }

  close(): void {}
}

const TICK_MS = 200;

/** All steps, drawn over again as they change. */
class TerminalView implements LiveView {
  readonly #terminal: NodeJS.WriteStream;
  #report: HandoverReport | undefined;
  #drawn = 0;
  readonly #ticking: NodeJS.Timeout;

  constructor(terminal: NodeJS.WriteStream) {
    this.#terminal = terminal;
    this.#ticking = setInterval(() => this.#draw(), TICK_MS).unref();
  }

  update(report: HandoverReport): void {
    this.#report = report;
    this.#draw();
  }

  remark(sentence: string): void {
    this.#wipe();
    this.#terminal.write(`${sentence}\n`);
    this.#draw();
  }

  close(): void {
    clearInterval(this.#ticking);
    this.#wipe();
    this.#report = undefined;
  }

  #draw(): void {
    if (!this.#report) return;
    const all = [...liveLines(this.#report, new Date(), this.#terminal.columns - 1), ...this.#question()];
    // More lines than the window has could not be wiped again.
    const lines = all.slice(-Math.max(1, this.#terminal.rows - 2));
    this.#wipe();
    if (lines.length === 0) return;
    this.#terminal.write(`${lines.join("\n")}\n`);
    this.#drawn = lines.length;
  }

  /** What a person is asked for, in lines that the terminal does not break. */
  #question(): readonly string[] {
    if (!this.#report?.waitsForPerson) return [];
    const width = Math.max(20, this.#terminal.columns - 1);
    return plain(this.#report.message).match(new RegExp(`.{1,${width}}(?:\\s|$)|.{${width}}`, "gu")) ?? [];
  }

  #wipe(): void {
    if (this.#drawn > 0) this.#terminal.write(`\u001B[${this.#drawn}A\u001B[0J`);
    this.#drawn = 0;
  }
}
