import { expect, test } from "vitest";
import { superfluous } from "../../generations/prune.ts";

const at = (minute: number, reading: string) => ({
  id: `20261121T03${String(minute).padStart(2, "0")}00Z-e1-aaaaaa`,
  reading,
});
const ids = (...minutes: number[]) => minutes.map((minute) => at(minute, "").id);

test("of those with the same reading the newest stays, and the one before the newest of all", () => {
  const stored = [at(0, "r1"), at(5, "r1"), at(10, "r2"), at(15, "r2"), at(20, "r2"), at(25, "r2")];
  expect(superfluous(stored, 5)).toEqual(ids(15, 10, 0));
});

test("as many readings stay as are to be kept", () => {
  const stored = [1, 2, 3, 4, 5, 6].map((minute) => at(minute, `r${minute}`));
  expect(superfluous(stored, 3)).toEqual(ids(3, 2, 1));
  expect(superfluous(stored, 0)).toEqual(ids(4, 3, 2, 1));
});
