import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bringUpSystem, expectServing, isRoot, switchOver } from "./support/bring-up.ts";
import type { SystemHome } from "./support/bring-up.ts";

describe.skipIf(!isRoot)("a node like Alpine (OpenRC under busybox, its programs first) and one with systemd", () => {
  let lab: SystemHome;
  beforeAll(async () => {
    lab = await bringUpSystem({ devices: 4, init: ["busybox", "systemd"] });
  });
  afterAll(() => lab?.end());

  test("are found to be what they are", async () => {
    const { code, stdout } = await lab.understudy.run(["config", "check", "-o", "json"]);
    expect(code).toBe(0);
    const { services } = JSON.parse(stdout) as { services: { nodes: { manager: string; coordinator: string }[] }[] };
    expect(services[0]?.nodes.map(({ manager, coordinator }) => ({ manager, coordinator }))).toEqual([
      { manager: "openrc", coordinator: "/dev/ttyUSB0" },
      { manager: "systemd", coordinator: lab.node("b").serialPort },
    ]);
  });

  test("hand the service over to systemd", async () => {
    await switchOver(lab, "b", "--enrol-blank-stick");
    await expectServing(lab, "b");
  });

  test("and back to busybox", async () => {
    await switchOver(lab, "a");
    await expectServing(lab, "a");
  });
});
