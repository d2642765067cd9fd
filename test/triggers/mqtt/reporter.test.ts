import { afterEach, beforeEach, expect, test } from "vitest";
import type { Report } from "../../../model/evidence.ts";
import { Reporter } from "../../../triggers/mqtt/reporter.ts";

let sent: Report["sign"][];
let fails: number;
let ending: AbortController;
let reporter: Reporter;

beforeEach(() => {
  sent = [];
  fails = 0;
  ending = new AbortController();
  reporter = new Reporter(async ({ sign }) => {
    await Promise.resolve();
    if (fails-- > 0) throw new Error("Temporal is away");
    sent.push(sign);
  }, ending.signal);
});
afterEach(() => ending.abort());

const saw = (sign: Report["sign"], atSeconds: number) =>
  reporter.saw({ sign, retained: false, detail: "." }, atSeconds * 1000);
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

test("a home that is well is not worth a word", async () => {
  for (let second = 0; second < 3_600; second += 1) saw("healthy", second);
  await settle();
  expect(sent).toEqual([]);
});

test("trouble is told at once and repeated ever less often, its end once", async () => {
  for (let second = 0; second < 3_600; second += 1) {
    saw("offline", second);
    if (second % 10 === 0) await settle();
  }
  saw("healthy", 3_600);
  saw("healthy", 3_601);
  await settle();
  expect(sent.filter((sign) => sign === "offline").length).toBeLessThan(15);
  expect(sent.at(-1)).toBe("healthy");
});

test("another sign is told as another sign", async () => {
  for (const sign of ["stopping-by-request", "offline", "no-answer", "healthy"] as const) {
    saw(sign, 1);
    await settle();
  }
  expect(sent).toEqual(["stopping-by-request", "offline", "no-answer", "healthy"]);
});

test("what could not be told is told when Temporal is back, and only the latest of it", async () => {
  fails = 1;
  saw("offline", 1);
  saw("no-answer", 2);
  await expect.poll(() => sent, { timeout: 5_000 }).toEqual(["no-answer"]);
});
