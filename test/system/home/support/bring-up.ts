import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { createNamespaceHome } from "../../../../lab/namespaces/create-home.ts";
import type { NamespaceHome, NamespaceHomeOptions } from "../../../../lab/namespaces/create-home.ts";
import type { NamespaceNode } from "../../../../lab/namespaces/node.ts";
import { processesWith } from "../../../../lab/hosts/processes.ts";
import { startUnderstudy, until } from "../../../home/support/bring-up.ts";
import type { RunningHome } from "../../../home/support/bring-up.ts";

export type NodeName = "a" | "b";

/** A home on namespace hosts with Understudy running beside them, on the machine of the test. */
export interface SystemHome extends RunningHome, Omit<NamespaceHome, "home"> {
  node(name: NodeName): NamespaceNode;
  /** Ends everything and sees that nothing is left: no process, namespace, mount, cgroup or file. */
  end(): Promise<void>;
}

/** Whether the tests in here can run: namespace hosts need root. */
export const isRoot = process.getuid?.() === 0;

/** `prepare` may change the home before Understudy reads its files. */
export async function bringUpSystem(
  options: Omit<NamespaceHomeOptions, "directory">,
  prepare: (made: NamespaceHome) => void = () => undefined,
): Promise<SystemHome> {
  const directory = await mkdtemp(join(tmpdir(), "understudy-system-"));
  const namespaces = await createNamespaceHome({ ...options, directory: join(directory, "home") }).catch(
    async (error: unknown) => {
      await rm(directory, { recursive: true });
      throw error;
    },
  );
  prepare(namespaces);
  const running = await startUnderstudy(namespaces.home, directory);
  const { nodes, home } = namespaces;
  return {
    ...namespaces,
    ...running,
    node(name) {
      const node = nodes.find((candidate) => candidate.name === name);
      if (!node) throw new Error(`There is no node ${name}.`);
      return node;
    },
    async end() {
      await running.stop();
      expect(Object.entries(home.environment).flatMap(([name, value]) => processesWith(name, value))).toEqual([]);
      expect(existsSync(directory)).toBe(false);
    },
  };
}

/** Nobody joined again, no two coordinators were on the air, no counter fell: what must hold at any time. */
export const ALL_WELL = { rejoined: 0, doubleActiveMs: 0, counterViolations: 0, droppedReplays: 0 };

/** This node serves, alone, and every device answers or reports through it. */
export async function expectServing(lab: SystemHome, name: NodeName, withinMs = 60_000): Promise<void> {
  await until(() => lab.home.servingNode()?.name === name, `${name} serves`, withinMs);
  await lab.home.everyDeviceAnswersThrough(name, { withinMs: 30_000 });
  expect(lab.home.facts()).toEqual(ALL_WELL);
  expect(lab.nodes.filter(({ zigbee2mqtt }) => zigbee2mqtt.running).map((node) => node.name)).toEqual([name]);
}

/** One switchover that has to be done, and what it costs, for the record. */
export async function switchOver(lab: SystemHome, to: NodeName, ...args: string[]): Promise<void> {
  const answers = lab.home.watchAnswers(to);
  try {
    const { code, report } = await lab.switchover("--to", to, ...args);
    expect({ code, outcome: report.outcome, message: report.message }).toEqual({
      code: 0,
      outcome: "done",
      message: `zigbee runs on ${to}.`,
    });
    await answers.wait(15_000);
    expect(answers.answers.map(({ device }) => device).toSorted()).toEqual(
      lab.home.devices.map(({ name }) => name).toSorted(),
    );
    const slowest = Math.max(...answers.answers.map(({ afterStartMs }) => afterStartMs));
    const took = Date.parse(report.endedAt ?? "") - Date.parse(report.startedAt);
    console.log(
      `${report.from} → ${to}: ${secondsOf(took)}, outage ${secondsOf(report.outageMs)}, all ${answers.answers.length} devices within ${secondsOf(slowest)} of the start`,
    );
  } finally {
    await answers.stop();
  }
}

/** For the record of a run. */
export function secondsOf(milliseconds = Number.NaN): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}
