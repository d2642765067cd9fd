import { expect } from "vitest";
import type { HomeNode } from "../../../lab/home/node.ts";
import type { HandoverReport } from "../../../workflows/contract.ts";
import type { RunningHome } from "./bring-up.ts";
import type { HandedOver } from "./handed-over.ts";
import { serves } from "./whole-home.ts";

interface Expected {
  readonly step: string;
  readonly id?: string;
  readonly node?: HomeNode;
  readonly what: RegExp;
}

/** The handover failed in this step and says why; the old node serves again. */
export async function expectReturned(
  { lab, active }: HandedOver,
  handover: ReturnType<RunningHome["switchover"]>,
  { step, id, node, what }: Expected,
): Promise<HandoverReport> {
  const { code, report } = await handover;
  expect({ code, outcome: report.outcome, error: report.error }).toEqual({
    code: 3,
    outcome: "returned",
    error: expect.objectContaining({
      step,
      what: expect.stringMatching(what),
      next: expect.stringMatching(/\w/),
      ...(id ? { id } : {}),
      ...(node ? { node: node.name } : {}),
    }),
  });
  expect(report.message).toContain(`${active.name} serves again.`);
  expect(report.message).toContain(report.error?.what);
  await serves(lab.home, active);
  const { holder, history } = await lab.serviceState();
  expect({ holder, outcome: history[0]?.outcome }).toEqual({ holder: active.name, outcome: "returned" });
  return report;
}
