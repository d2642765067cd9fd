import type { ByteReader } from "./bytes.ts";
import type { Nvram } from "./nvram.ts";
import type { Stack } from "./stack.ts";

/** What the commands of the serial interface work with. */
export interface MtContext {
  readonly stack: Stack;
  readonly nvram: Nvram;
  /** Sends an AREQ to the host. */
  indicate(subsystem: number, id: number, data: Buffer): void;
  /** Runs something after the time that the hardware needs for it (at once with timing off); a reset cancels it. */
  later(milliseconds: number, action: () => void): void;
  /** Resets the chip: radio and RAM at once, SYS_RESET_IND when it has booted. */
  reset(): void;
}

/** Obeys one command. @returns the data of its SRSP; undefined: it has none */
export type MtCommand = (data: ByteReader, context: MtContext) => Buffer | undefined;

/** The commands of a subsystem by their id. */
export type MtCommands = Readonly<Record<number, MtCommand>>;
