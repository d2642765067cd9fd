import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import type { HomeNode } from "../../../lab/home/node.ts";
import { bringUp } from "./bring-up.ts";
import type { RunningHome } from "./bring-up.ts";
import { heldBy } from "./held-by.ts";
import type { Held } from "./held-by.ts";
import { giveOwnPythons } from "./node-python.ts";

export interface HandedOver {
  readonly lab: RunningHome;
  /** Serves. */
  readonly active: HomeNode;
  /** Served before, so its stick holds the network and its directory the files of then. */
  readonly standby: HomeNode;
  readonly spoilPython: ReturnType<typeof giveOwnPythons>;
}

/** A home whose service was handed over once, from a to b: each node could serve it. */
export async function bringUpHandedOver(): Promise<HandedOver> {
  const pythons: ReturnType<typeof giveOwnPythons>[] = [];
  const lab = await bringUp({ devices: 4, driver: "zigpy-znp" }, (home) => pythons.push(giveOwnPythons(home)));
  const [spoilPython] = pythons;
  try {
    const { report } = await lab.switchover("--enrol-blank-stick", "--reason", "both sticks hold the network now");
    expect(report.message).toBe("zigbee runs on b.");
    if (!spoilPython) throw new Error("The nodes have no Python of their own.");
    return { lab, active: lab.home.node("b"), standby: lab.home.node("a"), spoilPython };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

/** For the tests of a file: such a home, and what the standby held before each test. */
export function handedOverForTests(): HandedOver & { readonly before: Held } {
  const at = {} as HandedOver & { before: Held };
  beforeAll(async () => {
    Object.assign(at, await bringUpHandedOver());
  }, 400_000);
  afterAll(() => at.lab?.stop());
  beforeEach(() => {
    at.before = heldBy(at.standby);
  });
  return at;
}
