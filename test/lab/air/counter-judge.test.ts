import { expect, test } from "vitest";
import { CounterJudge } from "../../../lab/air/counter-judge.ts";
import { WELL_KNOWN_LINK_KEY, keyId, type RadioFrame } from "../../../lab/air/radio-frame.ts";

function frame(frameCounter: number, changes: Partial<RadioFrame> = {}): RadioFrame {
  return {
    station: "a",
    channel: 15,
    panId: 1,
    source: 0,
    sourceIeee: "01",
    destination: 0xfffd,
    security: { keyId: "k", keySequence: 0, frameCounter },
    content: { kind: "network-command", command: { name: "leave", rejoin: false } },
    ...changes,
  };
}

test("a counter that only grows is no violation, whichever stick sends", () => {
  const judge = new CounterJudge();
  judge.observe(frame(10), "a", 1);
  judge.observe(frame(11), "a", 2);
  judge.observe(frame(5000), "b", 3);
  expect(judge.violations).toEqual([]);
  expect(judge.highest("01", "k", 0)).toBe(5000);
});

test("an equal or lower one is, and the record says who was higher", () => {
  const judge = new CounterJudge();
  judge.observe(frame(10), "a", 1);
  judge.observe(frame(10), "b", 2);
  judge.observe(frame(9), "b", 3);
  expect(judge.violations).toEqual([
    { layer: "network", sourceIeee: "01", station: "b", counter: 10, highest: 10, highestStation: "a", at: 2 },
    { layer: "network", sourceIeee: "01", station: "b", counter: 9, highest: 10, highestStation: "a", at: 3 },
  ]);
});

test("another address, key or key sequence counts for itself", () => {
  const judge = new CounterJudge();
  judge.observe(frame(10), "a", 1);
  judge.observe(frame(1, { sourceIeee: "02" }), "b", 2);
  judge.observe(frame(1, { security: { keyId: "l", keySequence: 0, frameCounter: 1 } }), "a", 3);
  judge.observe(frame(1, { security: { keyId: "k", keySequence: 1, frameCounter: 1 } }), "a", 4);
  expect(judge.violations).toEqual([]);
});

test("link keys are judged likewise, but for the one that everyone knows", () => {
  const judge = new CounterJudge();
  const command = { name: "confirm-key" } as const;
  const under = (key: string): Partial<RadioFrame> => ({
    security: undefined,
    content: { kind: "aps-command", command, security: { keyId: key, frameCounter: 3 } },
  });
  for (const key of ["own", keyId(WELL_KNOWN_LINK_KEY), "own", keyId(WELL_KNOWN_LINK_KEY)]) {
    judge.observe(frame(0, under(key)), "a", 1);
  }
  expect(judge.violations).toMatchObject([{ layer: "link", counter: 3, highest: 3 }]);
});
