import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { chooseCopy } from "../../../activities/fitness/copy.ts";
import type { NodeAccess } from "../../../activities/support/world.ts";
import { captureGeneration } from "../../../generations/capture.ts";
import type { NodePaths } from "../../../generations/generation.ts";
import type { Copy } from "../../../workflows/contract.ts";
import { SAMPLE_DATA, temporaryDirectory, writeTree } from "../../support/data-directory.ts";
import { localHost } from "../../support/local-host.ts";
import { formedImage } from "../../support/nvram-builder.ts";

const OLDER = "20261121T030000Z-e1-aaaaaa";
const NEWER = "20261121T031000Z-e1-bbbbbb";
const NOW = Date.parse("2026-11-21T03:20:00Z");
const HOUR_MS = 3_600_000;

const host = localHost();
let directory: ReturnType<typeof temporaryDirectory>;
let node: NodePaths;
let at: NodeAccess;

beforeEach(async () => {
  directory = temporaryDirectory();
  node = { name: "b", dataDirectory: join(directory.path, "data"), stateDirectory: join(directory.path, "state") };
  at = { host, node, service: { name: "zigbee" } } as unknown as NodeAccess;
  writeTree(node.dataDirectory, SAMPLE_DATA);
  for (const id of [OLDER, NEWER]) await capture(id);
});
afterEach(() => directory.remove());

async function capture(id: string): Promise<void> {
  const [, hour, minute] = /T(\d\d)(\d\d)/.exec(id) ?? [];
  await captureGeneration(host, node, {
    id,
    service: "zigbee",
    epoch: 1,
    createdAt: new Date(`2026-11-21T${hour}:${minute}:00Z`),
    zigbee2mqttVersion: "2.14.1",
    image: formedImage(),
  });
}

const choose = (known?: Copy, limits: Partial<Parameters<typeof chooseCopy>[2]> = {}) =>
  chooseCopy(at, known, { oldestMs: HOUR_MS, mayBeOlder: false, now: NOW, ...limits }, new AbortController().signal);

function damage(id: string): void {
  appendFileSync(join(node.stateDirectory, "generations", id, "data.tar"), "x");
}

function vouched(id: string, time: string): Copy {
  const generation = {
    id,
    sha256: "00",
    bytes: 1,
    coordinatorIeee: "0x00124b0000000001",
    counters: { network: 1, linkKeys: 1 },
  };
  return { generation, at: time, preloaded: true };
}

test("the newest is taken, as old as it is", async () => {
  const { copy, findings } = await choose();
  expect(copy).toMatchObject({ manifest: { id: NEWER }, ageMs: 600_000 });
  expect(findings).toMatchObject([{ ok: true, what: expect.stringContaining("10 min old") }]);
});

test("the one that the last sync vouches for is as fresh as that sync", async () => {
  const { copy } = await choose(vouched(OLDER, "2026-11-21T03:19:00Z"));
  expect(copy).toMatchObject({ manifest: { id: OLDER }, ageMs: 60_000 });
});

test("I5: a damaged one is passed over for the one before it, and that is told", async () => {
  damage(NEWER);
  const { copy, findings } = await choose(vouched(NEWER, "2026-11-21T03:19:00Z"));
  expect(copy).toMatchObject({ manifest: { id: OLDER }, ageMs: 1_200_000 });
  expect(findings.map(({ what }) => what).join()).toContain(`${NEWER} is damaged`);
});

test("where none is intact there is nothing to take over from", async () => {
  damage(NEWER);
  damage(OLDER);
  const { copy, findings } = await choose();
  expect(copy).toBeUndefined();
  expect(findings).toMatchObject([{ ok: false, check: "copy", what: expect.stringContaining("2 are missing files") }]);
});

test("one that is too old is refused, unless a person wants it", async () => {
  expect((await choose(undefined, { oldestMs: 60_000 })).findings).toMatchObject([{ ok: false, check: "copy" }]);
  expect((await choose(undefined, { oldestMs: 60_000, mayBeOlder: true })).findings).toMatchObject([{ ok: true }]);
});
