import { array, assert, asyncProperty, boolean, constantFrom, record } from "fast-check";
import { describe, expect, test } from "vitest";
import { climbLadder } from "../../fencing/ladder.ts";
import type { LadderRung } from "../../fencing/ladder.ts";
import { switchTo } from "../../fencing/power-switch.ts";
import { provesHere } from "../../config/proves-here.ts";
import { FENCE_PROOFS, suffices } from "../../model/fence.ts";
import type { FenceProof } from "../../model/fence.ts";
import { UnderstudyError } from "../../model/errors.ts";

const signal = new AbortController().signal;

interface Scripted {
  readonly proves: FenceProof;
  readonly holds: boolean;
}

function ladder(rungs: readonly Scripted[], tried: number[] = []): LadderRung[] {
  return rungs.map(({ proves, holds }, index) => ({
    name: `rung ${index}`,
    proves,
    prove: () => {
      tried.push(index);
      if (holds) return Promise.resolve("it reads off");
      return Promise.reject(new UnderstudyError("FENCING_FAILED", { what: "It still reads on.", next: "look at it." }));
    },
  }));
}

const scripted = array(record({ proves: constantFrom(...FENCE_PROOFS), holds: boolean() }), {
  maxLength: 8,
});

test("property: a cut network never suffices, whatever else is tried", async () => {
  await assert(
    asyncProperty(scripted, async (rungs) => {
      const { proven } = await climbLadder(ladder(rungs), signal);
      const enough = rungs.some(({ proves, holds }) => holds && proves !== "network cut");
      expect(suffices(proven)).toBe(enough);
    }),
  );
});

test("property: it stops at the first rung that suffices, and every rung before it was tried once", async () => {
  await assert(
    asyncProperty(scripted, async (rungs) => {
      const tried: number[] = [];
      const climb = await climbLadder(ladder(rungs, tried), signal);
      const first = rungs.findIndex(({ proves, holds }) => holds && proves !== "network cut");
      const expected = first === -1 ? rungs.length : first + 1;
      expect(tried).toEqual([...Array(expected).keys()]);
      expect(climb.rungs.map(({ ok }) => ok)).toEqual(rungs.slice(0, expected).map(({ holds }) => holds));
    }),
  );
});

test("a rung that fails says why and what to do, and the next one is tried", async () => {
  const climb = await climbLadder(
    ladder([
      { proves: "radio off", holds: false },
      { proves: "host off", holds: true },
    ]),
    signal,
  );
  expect(climb).toEqual({
    proven: "host off",
    rungs: [
      { rung: "rung 0", proves: "radio off", ok: false, detail: "It still reads on. Next: look at it." },
      { rung: "rung 1", proves: "host off", ok: true, detail: "it reads off" },
    ],
  });
});

test("a step that another has overtaken switches nothing off any more", async () => {
  const tried: number[] = [];
  const overtaken: LadderRung = {
    name: "ssh",
    proves: "radio off",
    prove: () => Promise.reject(new UnderstudyError("EPOCH_SUPERSEDED", { what: "Too late.", next: "stop." })),
  };
  const climb = climbLadder([overtaken, ...ladder([{ proves: "host off", holds: true }], tried)], signal);
  await expect(climb).rejects.toMatchObject({ id: "EPOCH_SUPERSEDED" });
  expect(tried).toEqual([]);
});

test("a bug is not taken for a rung that failed", async () => {
  const broken: LadderRung = { name: "x", proves: "host off", prove: () => Promise.reject(new TypeError("oops")) };
  await expect(climbLadder([broken], signal)).rejects.toThrow(TypeError);
});

describe("what a host that is off proves", () => {
  const [a, b] = ["tcp://10.0.0.7:6638", "tcp://10.0.0.8:6638"];
  const stick = "/dev/serial/by-id/stick";

  test.each([
    ["of a stick", stick, [stick], "host off"],
    ["of a node whose stick is not known", undefined, [stick], "host off"],
    ["of the one network coordinator that both use", a, [a], "host off"],
    ["of a network coordinator of its own", a, [b], "network cut"],
    ["of a network coordinator beside a peer that is not known", a, [undefined], "network cut"],
    ["of a node that is not known beside a network coordinator", undefined, [a], "network cut"],
  ] as const)("%s", (_what, port, peers, expected) => {
    expect(provesHere("host off", port, peers)).toBe(expected);
  });

  test("a plug of the coordinator itself proves its radio off", () => {
    expect(provesHere("radio off", a, [b])).toBe("radio off");
  });
});

test("a device whose client breaks in a way that nobody foresaw is passed over, and its words are not told", async () => {
  const broken = () => Promise.reject(new TypeError("password=secret"));
  const prove = async () => {
    await switchTo({ set: broken, read: broken }, "off", { timeoutMs: 1_000, signal });
    return "off";
  };
  const climb = await climbLadder(
    [{ name: "broken", proves: "host off", prove }, ...ladder([{ proves: "host off", holds: true }])],
    signal,
  );
  expect(climb.proven).toBe("host off");
  expect(climb.rungs[0]).toMatchObject({ ok: false, detail: expect.stringContaining("TypeError") });
  expect(JSON.stringify(climb)).not.toContain("secret");
});
