import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  heardBefore,
  readListeningMemory,
  remember,
  seemsDeaf,
  writeListeningMemory,
  type ListeningContext,
  type ListeningMemory,
} from "../../generations/listening-memory.ts";
import { temporaryDirectory } from "../support/data-directory.ts";
import { localHost } from "../support/local-host.ts";
import { nodeKinds } from "../support/shells.ts";

const NOW = new Date("2026-11-21T12:00:00Z");
const HOUR = 3_600_000;
const context: ListeningContext = {
  active: "a",
  coordinatorIeee: "0x00124b0099aa0001",
  panId: 0x4402,
  extendedPanId: "0x1122334455667788",
  channel: 15,
  stick: "b2",
  bootId: "b",
};

/** What was heard on the hour, the newest last: the active one or not, and how many routers. */
function memory(...heard: readonly (readonly [boolean, number])[]): ListeningMemory | undefined {
  return heard.reduce<ListeningMemory | undefined>((before, [coordinator, routers], index) => {
    const at = new Date(NOW.getTime() - (heard.length - index) * HOUR).toISOString();
    return remember(before, context, { at, coordinator, routers });
  }, undefined);
}

describe("whether silence would mean something", () => {
  it("is so after the active one was heard, even where the newest listening missed it", () => {
    expect(heardBefore(memory([true, 3]), context, NOW)).toEqual({ ok: true, at: "2026-11-21T11:00:00.000Z" });
    expect(heardBefore(memory([true, 3], [false, 3], [false, 2]), context, NOW)).toMatchObject({ ok: true });
  });

  it("is not so where it was never heard, or missed three times", () => {
    expect(heardBefore(undefined, context, NOW)).toMatchObject({ ok: false });
    expect(heardBefore(memory([false, 3]), context, NOW)).toMatchObject({ ok: false });
    expect(heardBefore(memory([true, 3], [false, 3], [false, 3], [false, 3]), context, NOW)).toMatchObject({
      ok: false,
    });
  });

  it("is not so a day later, nor where the clock says that it has yet to be heard", () => {
    const heard = memory([true, 3]);
    expect(heardBefore(heard, context, new Date(NOW.getTime() + 22 * HOUR))).toMatchObject({ ok: true });
    expect(heardBefore(heard, context, new Date(NOW.getTime() + 24 * HOUR))).toMatchObject({ ok: false });
    expect(heardBefore(heard, context, new Date(NOW.getTime() - 2 * HOUR))).toMatchObject({ ok: false });
  });

  it.each([
    ["active", "c"],
    ["stick", "c3"],
    ["bootId", "c"],
    ["panId", 0x4403],
    ["channel", 20],
    ["extendedPanId", "0x1122334455667789"],
    ["coordinatorIeee", "0x00124b0099aa0002"],
  ])("is not so with another %s, and the memory begins anew", (key, value) => {
    const other = { ...context, [key]: value };
    expect(heardBefore(memory([true, 3]), other, NOW)).toMatchObject({ ok: false });
    const anew = remember(memory([true, 3]), other, { at: NOW.toISOString(), coordinator: false, routers: 3 });
    expect(anew.listenings).toHaveLength(1);
  });
});

it("takes a radio for deaf that hears none of the routers it always heard", () => {
  expect(seemsDeaf(memory([true, 3], [true, 2]), 0)).toBe(true);
  expect(seemsDeaf(memory([true, 3], [true, 2]), 1)).toBe(false);
  expect(seemsDeaf(memory([true, 3], [true, 0]), 0)).toBe(false);
  expect(seemsDeaf(memory([true, 1]), 0)).toBe(false);
  expect(seemsDeaf(undefined, 0)).toBe(false);
});

describe.each(nodeKinds())("the memory on a node ($kind)", ({ options }) => {
  const host = localHost(options);
  let directory: ReturnType<typeof temporaryDirectory>;
  let node: { name: string; dataDirectory: string; stateDirectory: string };
  beforeEach(() => {
    directory = temporaryDirectory();
    node = { name: "b", dataDirectory: join(directory.path, "data"), stateDirectory: join(directory.path, "state") };
  });
  afterEach(() => directory.remove());

  it("is kept, and read as it was", async () => {
    expect(await readListeningMemory(host, node)).toBeUndefined();
    const kept = memory([true, 3], [false, 2]) as ListeningMemory;
    await writeListeningMemory(host, node, kept);
    expect(await readListeningMemory(host, node)).toEqual(kept);
  });

  it("is no memory where the file is damaged", async () => {
    mkdirSync(node.stateDirectory);
    writeFileSync(join(node.stateDirectory, "heard.json"), '{"context":');
    expect(await readListeningMemory(host, node)).toBeUndefined();
    writeFileSync(join(node.stateDirectory, "heard.json"), '{"listenings":[]}');
    expect(await readListeningMemory(host, node)).toBeUndefined();
  });
});
