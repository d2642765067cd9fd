import { expect, test } from "vitest";
import { judgeFiles } from "./judge-files.ts";
import type { FileContext } from "./judge-files.ts";
import type { NodeRecord } from "./node-files.ts";

const GOOD = { id: "20261121T031500Z-e3-a1b2c3", fault: undefined, keyedDevices: 4 };
const A: NodeRecord = {
  name: "a",
  bootId: "boot-a",
  running: true,
  onAir: true,
  epoch: 3,
  grant: { epoch: 3, bootId: "boot-a" },
  stick: "clean",
  generations: [GOOD],
};
const B: NodeRecord = { ...A, name: "b", bootId: "boot-b", running: false, onAir: false, epoch: 2, grant: undefined };

function judge(a: Partial<NodeRecord>, b: Partial<NodeRecord> = {}, context: Partial<FileContext> = {}): string[] {
  const before = [A, B];
  return judgeFiles(
    [
      { ...A, ...a },
      { ...B, ...b },
    ],
    { before, spoiled: () => false, handedOver: true, ...context },
  );
}

test("a home in which all is well has nothing against it", () => {
  expect(judge({})).toEqual([]);
});

test("I2: two valid grants", () => {
  expect(judge({}, { epoch: 4, grant: { epoch: 4, bootId: "boot-b" } })).toEqual([
    "I2: a and b hold valid grants at the same time",
  ]);
});

test("I2: a grant of an earlier boot, or of a lower epoch than the node knows, lets nobody serve", () => {
  const said = ["I2: a runs the service without a valid grant"];
  expect(judge({ bootId: "another boot" })).toEqual(said);
  expect(judge({ epoch: 4 })).toEqual(said);
  expect(judge({ grant: undefined })).toEqual(said);
});

test("I2: before the first handover nobody has granted anything", () => {
  expect(judge({ grant: undefined, epoch: undefined }, {}, { handedOver: false, before: [] })).toEqual([]);
});

test("I2: an epoch that falls, or is gone", () => {
  expect(judge({}, { epoch: 1 })).toEqual(["I2: the epoch of b fell from 2 to 1"]);
  expect(judge({}, { epoch: undefined })).toEqual(["I2: the epoch of b was 2 and is gone"]);
});

test("I9: a coordinator that was written by half serves", () => {
  expect(judge({ stick: "dirty" })).toEqual(["I9: a serves with a coordinator that was written by half"]);
  expect(judge({}, { stick: "dirty" })).toEqual([]);
});

test("I5: a generation that is not what its manifest says, and one that is worse than what was there", () => {
  expect(judge({ generations: [GOOD, { ...GOOD, fault: "data.tar is not what the manifest says" }] })).toEqual([
    `I5: generation ${GOOD.id} on a stands under its name, but data.tar is not what the manifest says`,
  ]);
  expect(judge({ generations: [{ ...GOOD, keyedDevices: 2 }] })).toEqual([
    "I5: a held a good generation with the keys of 4 devices, now 2",
  ]);
});

test("what the fault itself has spoiled is not held against Understudy", () => {
  const generations = [{ ...GOOD, fault: "it has no manifest that can be read" }];
  expect(judge({ generations }, {}, { spoiled: (node, file) => node === "a" && file === "generations" })).toEqual([]);
});
