import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { claimOrder, claimedHost, leaveMark } from "../../../activities/support/claim.ts";
import { readControllerMark, revokeGrant, writeCoordinatorState, writeGrant } from "../../../generations/node-state.ts";
import type { CoordinatorState } from "../../../generations/node-state.ts";
import type { Host } from "../../../hosts/host.ts";
import { serviceManager } from "../../../hosts/services/service-manager.ts";
import { localHost } from "../../support/local-host.ts";
import { nodeKinds } from "../../support/shells.ts";

let directory: string;
let state: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "understudy-claim-"));
  state = join(directory, "state");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const NOW = 1_800_000_000_000;
const superseded = { id: "EPOCH_SUPERSEDED" };

/** A step under an epoch, scheduled so many ms after the first one. */
function step(epoch: number, afterMs: number, host: Host = localHost()): Host {
  return claimedHost(host, state, claimOrder(epoch, NOW + afterMs));
}

describe.each(nodeKinds())("with $kind", ({ options }) => {
  const host = localHost(options);
  const touch = (as: Host) => as.run('echo "$1" >> "$2"', { args: ["x", join(directory, "changed")], exclusive: true });

  test("a step that wakes late changes nothing any more on a node that a later one has used", async () => {
    const [late, later] = [step(7, 0, host), step(7, 1, host)];
    await touch(late);
    await touch(later);
    await expect(touch(late)).rejects.toMatchObject(superseded);
    expect(readFileSync(join(directory, "changed"), "utf8")).toBe("x\nx\n");
    await touch(later);
  });

  test("a later handover comes after an earlier one, even where Temporal's clock was set back", async () => {
    await touch(step(7, 0, host));
    await touch(step(8, -3_600_000, host));
    await expect(touch(step(7, 1, host))).rejects.toMatchObject(superseded);
  });

  test("a look leaves its mark where it does not outlive the boot, claims nothing, and is refused after a later step", async () => {
    const run = join(directory, "run");
    const look = (afterMs: number, controller = "first") =>
      leaveMark(host, { stateDirectory: state, order: claimOrder(7, NOW + afterMs), controller, run });
    const mark = () =>
      readControllerMark(host, { name: "a", stateDirectory: state, dataDirectory: directory }, undefined, run);
    await touch(step(7, 0, host));
    await look(-1).then(
      () => expect.unreachable(),
      (error: unknown) => expect(error).toMatchObject(superseded),
    );
    await look(1);
    // A node that was not set up has nothing but its state directory.
    expect(readFileSync(join(state, "controller"), "utf8")).toMatch(/^first \d+\n$/);
    expect(readFileSync(join(state, "claim"), "utf8")).toBe(`${claimOrder(7, NOW)}\n`);

    mkdirSync(run);
    const { ino } = statSync(join(state, "controller"));
    await look(2, "second");
    expect(statSync(join(state, "controller")).ino).toBe(ino);
    writeFileSync(join(state, "controller"), "first 1000\n");
    expect(await mark()).toMatchObject({ controller: "second" });
    // After a boot it is gone: what is left may have been renewed until then.
    rmSync(run, { recursive: true });
    mkdirSync(run);
    const left = await mark();
    expect(left?.controller).toBe("first");
    expect(left?.ageMs).toBeLessThanOrEqual(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1_000 + 1_000);
  });

  test("a claim that makes no sense keeps nobody from the node", async () => {
    await touch(step(7, 0, host));
    writeFileSync(join(state, "claim"), "\0 nonsense\n9");
    await touch(step(7, 0, host));
    expect(readFileSync(join(state, "claim"), "utf8")).toBe(`${claimOrder(7, NOW)}\n`);
  });

  test("a node that cannot keep the claim still takes the command", async () => {
    writeFileSync(state, "not a directory");
    await touch(step(7, 0, host));
    expect(existsSync(join(directory, "changed"))).toBe(true);
  });

  test("the command gets its arguments and its input, and its status is its own", async () => {
    const result = await step(7, 0, host).run('cat; echo "$# $1"; exit 5', {
      args: ["one", "two"],
      input: Buffer.from("in\n"),
      exclusive: true,
    });
    expect({ ...result, stdout: result.stdout.toString() }).toEqual({ code: 5, stdout: "in\n2 one\n", stderr: "" });
  });
});

test("the controller leaves its mark with the node's time", async () => {
  const node = { name: "b", dataDirectory: join(directory, "data"), stateDirectory: state };
  expect(await readControllerMark(localHost(), node)).toBeUndefined();
  const claimed = claimedHost(localHost(), state, claimOrder(7, NOW), "3f2504e0-4f89");
  await claimed.run("true", { exclusive: true });
  const mark = await readControllerMark(localHost(), node);
  expect(mark?.controller).toBe("3f2504e0-4f89");
  expect(mark?.ageMs).toBeLessThan(60_000);
  writeFileSync(join(state, "controller"), "nonsense\n");
  expect(await readControllerMark(localHost(), node)).toBeUndefined();
});

test("looking at a node is always allowed", async () => {
  await step(8, 0).run("true", { exclusive: true });
  expect((await step(7, 0).run("echo seen")).stdout.toString()).toBe("seen\n");
});

test("I1: a start that was granted is not issued once the way back has begun there", async () => {
  const node = { name: "b", dataDirectory: join(directory, "data"), stateDirectory: state };
  const mark = join(directory, "running");
  const commands = {
    kind: "commands",
    start: `touch ${mark}`,
    stop: `rm -f ${mark}`,
    status: `[ -e ${mark} ] || exit 3`,
  } as const;
  const [start, wayBack] = [step(7, 0), step(7, 1)];
  await writeGrant(start, node, { epoch: 7, bootId: "boot", handover: "h" });
  await revokeGrant(wayBack, node);
  await expect(serviceManager(start, commands).start()).rejects.toMatchObject(superseded);
  expect(existsSync(mark)).toBe(false);
});

test("I9: an attempt that wakes late does not call clean what another one is writing", async () => {
  const node = { name: "b", dataDirectory: join(directory, "data"), stateDirectory: state };
  const written: CoordinatorState = {
    state: "dirty",
    generation: "g",
    ieee: "0x00",
    maxFrameCounter: 1,
    maxLinkKeyCounter: 1,
    sha256: "00",
  };
  const [first, second] = [step(7, 0), step(7, 1)];
  await writeCoordinatorState(first, node, written);
  await writeCoordinatorState(second, node, written);
  await expect(writeCoordinatorState(first, node, { ...written, state: "clean" })).rejects.toMatchObject(superseded);
  expect(JSON.parse(readFileSync(join(state, "coordinator.json"), "utf8"))).toMatchObject({ state: "dirty" });
});
