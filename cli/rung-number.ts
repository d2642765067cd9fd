import { InvalidArgumentError } from "commander";

/** A rung as people count them, from 1. */
export function parseRungNumber(text: string): number {
  if (!/^[1-8]$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1 to 8.");
  return Number(text);
}
