import type { ApplicationFailure, WorkflowFailedError } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bringUpSystem, expectServing, isRoot, switchOver } from "./support/bring-up.ts";
import type { SystemHome } from "./support/bring-up.ts";
import { startByTemporal } from "./support/temporal-command.ts";
import type { Started } from "./support/temporal-command.ts";
import type { HandoverReport } from "../../../workflows/contract.ts";

describe.skipIf(!isRoot)("OpenRC hosts, sudo with a password, Mosquitto on a third machine", () => {
  let lab: SystemHome;
  beforeAll(async () => {
    lab = await bringUpSystem({ devices: 12, init: "openrc", sudo: { kind: "password", password: "correct horse" } });
  });
  afterAll(() => lab?.end());

  test("config check finds everything on the nodes", async () => {
    const { code, stdout } = await lab.understudy.run(["config", "check", "-o", "json"]);
    const { services, warnings } = JSON.parse(stdout) as { services: unknown; warnings: unknown };
    expect({ code, services, warnings }).toMatchObject({
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

  const result = ({ workflowId, runId }: Started) =>
    lab.temporal.workflow.getHandle(workflowId, runId).result() as Promise<HandoverReport>;
  /** Why a start by Temporal's command line was refused: the failure's type and words. */
  const refusal = (started: Started) =>
    result(started).then(
      (report) => ({ type: undefined, message: report.message }),
      (error: WorkflowFailedError) => ({
        type: (error.cause as ApplicationFailure).type,
        message: (error.cause as ApplicationFailure).message,
      }),
    );

  test("started from Temporal's own command line, as the README says: the same switchover, under the id that is the lock", async () => {
    const started = await startByTemporal(lab, { service: "zigbee", reason: "manual" });
    expect(started.workflowId).not.toBe("handover:zigbee");
    expect(await result(started)).toMatchObject({
      outcome: "done",
      from: "a",
      to: "b",
      reason: "manual",
      workflowId: "handover:zigbee",
    });
    await expectServing(lab, "b");
  });

  test("two starts at the same moment, and a third later: one handover, the others are told which", async () => {
    const before = (await lab.serviceState()).history.length;
    const commandLine = lab.understudy.run(["switchover", "--yes", "-o", "json", "--reason", "by understudy"]);
    const first = await startByTemporal(lab, { service: "zigbee", reason: "by Temporal" });
    const byTemporal = refusal(first);
    await lab.stepBegan("preflight");
    const third = await refusal(await startByTemporal(lab, { service: "zigbee", reason: "too late" }));
    expect(third.type).toBe("HANDOVER_IN_PROGRESS");
    expect(third.message).toMatch(
      /already running: workflow handover:zigbee\. Next: .*understudy wait handover:zigbee/,
    );

    const { code, stdout } = await commandLine;
    if (code === 6) {
      expect(JSON.parse(stdout)).toMatchObject({
        error: {
          id: "HANDOVER_IN_PROGRESS",
          what: expect.stringContaining("handover:zigbee"),
          next: expect.any(String),
        },
      });
      expect((await byTemporal).type).toBeUndefined();
    } else {
      expect(code).toBe(0);
      expect(await byTemporal).toEqual(third);
    }
    const { history } = await lab.serviceState();
    expect(history.length).toBe(before + 1);
    expect(history[0]).toMatchObject({
      outcome: "done",
      from: "b",
      to: "a",
      reason: code === 6 ? "by Temporal" : "by understudy",
    });
    await expectServing(lab, "a");
  });
});
