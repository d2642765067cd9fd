import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bringUpSystem, expectServing, isRoot, switchOver } from "./support/bring-up.ts";
import type { SystemHome } from "./support/bring-up.ts";

describe.skipIf(!isRoot)("OpenRC hosts, sudo with a password, Mosquitto on a third machine", () => {
  let lab: SystemHome;
  beforeAll(async () => {
    lab = await bringUpSystem({ devices: 12, init: "openrc", sudo: { kind: "password", password: "correct horse" } });
  });
  afterAll(() => lab?.end());

  test("config check finds everything on the nodes", async () => {
    const { code, stdout } = await lab.understudy.run(["config", "check", "-o", "json"]);
    const { services, warnings } = JSON.parse(stdout) as { services: unknown; warnings: unknown };
    expect({ code, services, warnings }).toEqual({
      code: 0,
      warnings: [],
      services: [
        {
          service: "zigbee",
          ok: true,
          nodes: lab.nodes.map(({ name, serialPort }) => ({
            name,
            version: "2.14.1",
            dataDirectory: "/opt/zigbee2mqtt/data",
            manager: "openrc",
            coordinator: serialPort,
            privilege: "sudo",
          })),
        },
      ],
    });
  });

  test("a switchover and one back: no device joins again, never two on the air, every device answers", async () => {
    await switchOver(lab, "b", "--enrol-blank-stick");
    await expectServing(lab, "b");
    await switchOver(lab, "a");
    await expectServing(lab, "a");
  });
});
