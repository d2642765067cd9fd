import { expect, test } from "vitest";
import { Outlet } from "../../../lab/home/outlet.ts";

function lamp(): { lit: boolean; powerOff(): Promise<void>; powerOn(): Promise<void> } {
  return {
    lit: true,
    powerOff() {
      this.lit = false;
      return Promise.resolve();
    },
    powerOn() {
      this.lit = true;
      return Promise.resolve();
    },
  };
}

test("an outlet cuts and restores the power of what hangs on it, and says so", async () => {
  const load = lamp();
  const outlet = new Outlet({ name: "1", load, delayMs: 20 });
  outlet.order("off");
  expect({ lit: load.lit, says: outlet.read() }).toEqual({ lit: true, says: "on" });
  await outlet.settled();
  expect({ lit: load.lit, says: outlet.read() }).toEqual({ lit: false, says: "off" });
  outlet.order("on");
  await outlet.settled();
  expect({ lit: load.lit, says: outlet.read() }).toEqual({ lit: true, says: "on" });
  expect(outlet.orders.map(({ state }) => state)).toEqual(["off", "on"]);
});

test("a stuck outlet takes the order and does nothing; a lying one says that it has; a dead one does not answer", async () => {
  const load = lamp();
  const outlet = new Outlet({ name: "1", load });
  outlet.breakDown("stuck");
  outlet.order("off");
  await outlet.settled();
  expect({ lit: load.lit, says: outlet.read(), relay: outlet.relay }).toEqual({ lit: true, says: "on", relay: "on" });
  outlet.breakDown("lying");
  expect({ lit: load.lit, says: outlet.read(), relay: outlet.relay }).toEqual({ lit: true, says: "off", relay: "on" });
  outlet.breakDown("dead");
  expect(() => outlet.read()).toThrow("does not answer");
  expect(() => outlet.order("off")).toThrow("does not answer");
  outlet.breakDown(undefined);
  outlet.order("off");
  await outlet.settled();
  expect({ lit: load.lit, says: outlet.read() }).toEqual({ lit: false, says: "off" });
});
