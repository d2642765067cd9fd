import { describe, expect, test } from "vitest";
import { Command, run } from "./command.ts";
import type { Home } from "./command.ts";
import { runningHome } from "./running-home.ts";

let home: Home;
runningHome((begun) => {
  home = begun;
});

describe("failover", () => {
  test("shows its course and ends as it ended", async () => {
    const ran = await run(home, "failover", "--yes", "--to", "node2", "--reason", "its host is gone", "-o", "json");
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout)).toMatchObject({ outcome: "done", kind: "failover", to: "node2", exitCode: 0 });
  });

  test("asks on a terminal only, and names only nodes that are there", async () => {
    expect(await run(home, "failover")).toMatchObject({ code: 1, stderr: expect.stringContaining("--yes") });
    expect(await run(home, "failover", "--yes", "--to", "node9")).toMatchObject({ code: 1 });
  });
});

describe("confirm-fenced", () => {
  test("counts for the failover that waits, and follows it to its end", async () => {
    const waiting = new Command(home, ["failover", "--yes", "--reason", "person"]);
    await waiting.says("A person has to make sure that node1 is off.");
    const wrong = await run(home, "confirm-fenced", "--node", "node2", "--yes");
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("waits for node1, not for node2") });
    const confirmed = await run(home, "confirm-fenced", "--node", "node1", "--yes", "-o", "json");
    expect(confirmed.code).toBe(0);
    expect(JSON.parse(confirmed.stdout)).toMatchObject({ message: "zigbee runs on node2, as a person confirmed." });
    expect((await waiting.ended).code).toBe(0);
  });

  test("does not count above a veto, and has it tried again at once", async () => {
    const waiting = new Command(home, ["failover", "--yes", "--reason", "vetoed"]);
    await waiting.says("A person has to make sure that node1 is off.");
    const refused = await run(home, "confirm-fenced", "--node", "node1", "--yes");
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining("still on the air") });
    expect((await waiting.ended).code).toBe(0);
  });

  test("is refused where nothing waits", async () => {
    const ran = await run(home, "confirm-fenced", "--node", "node1", "--yes");
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining("No handover of zigbee is under way") });
  });
});

test("check says that it serves, and exits with 0", async () => {
  const ran = await run(home, "check");
  expect(ran).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("zigbee: serves: devices answer through node1."),
  });
});
