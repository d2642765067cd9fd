import { afterEach, describe, expect, test } from "vitest";
import type { ShellyRung, TasmotaHttpRung } from "../../config/fencing.ts";
import { switchTo } from "../../fencing/power-switch.ts";
import type { PowerSwitch } from "../../fencing/power-switch.ts";
import { shellySwitch } from "../../fencing/shelly.ts";
import { tasmotaHttpSwitch } from "../../fencing/tasmota-http.ts";
import { firstShellyServer, shellyServer, silentServer, tasmotaServer } from "./support/plug-servers.ts";
import type { PlugServer } from "./support/plug-servers.ts";

let plug: PlugServer | undefined;
afterEach(async () => {
  await plug?.close();
  plug = undefined;
});

const common = { host: "127.0.0.1", proves: "host off", trusted: false, timeoutMs: 1_000 } as const;
const limits = { timeoutMs: 1_000, signal: new AbortController().signal };

const tasmota = (port: number, password?: string): PowerSwitch => {
  const rung: TasmotaHttpRung = { kind: "tasmota-http", port, relay: 1, ...common, ...(password ? { password } : {}) };
  return tasmotaHttpSwitch(rung);
};
const shelly =
  (generation: 1 | 2) =>
  (port: number, password?: string): PowerSwitch => {
    const rung: ShellyRung = { kind: "shelly", generation, port, switch: 0, ...common };
    return shellySwitch({ ...rung, ...(password ? { password } : {}) });
  };

describe.each([
  { name: "Tasmota", server: tasmotaServer, device: tasmota },
  { name: "Shelly, second generation", server: shellyServer, device: shelly(2) },
  { name: "Shelly, first generation", server: firstShellyServer, device: shelly(1) },
])("$name", ({ server, device }) => {
  test("switches off and on, each read back", async () => {
    plug = await server();
    await switchTo(device(plug.port), "off", limits);
    expect(plug.on).toBe(false);
    await switchTo(device(plug.port), "on", limits);
    expect(plug.on).toBe(true);
  });

  test("with the right password it obeys, with another or none it does not, and no password is told", async () => {
    plug = await server("open & sesame");
    for (const password of ["wrong one", undefined]) {
      const error = (await switchTo(device(plug.port, password), "off", limits).catch((e: unknown) => e)) as Error;
      expect(error).toMatchObject({ id: "FENCING_FAILED" });
      expect(error.message).not.toMatch(/wrong|sesame/);
    }
    expect(plug.on).toBe(true);
    await switchTo(device(plug.port, "open & sesame"), "off", limits);
    expect(plug.on).toBe(false);
  });

  test("fault 22: one that takes the order and stays on proves nothing", async () => {
    plug = await server();
    plug.stuck = true;
    await expect(switchTo(device(plug.port), "off", limits)).rejects.toMatchObject({
      what: expect.stringContaining("still reads on"),
    });
  });

  test("fault 23: one that is gone fails", async () => {
    const gone = await server();
    await gone.close();
    await expect(switchTo(device(gone.port), "off", limits)).rejects.toMatchObject({ id: "FENCING_FAILED" });
  });
});

test("fault 23: one that says nothing fails within seconds", async () => {
  plug = await silentServer();
  await expect(tasmota(plug.port).read(limits.signal)).rejects.toMatchObject({ id: "FENCING_FAILED" });
});

test("something else at that address is not believed", async () => {
  plug = await shellyServer();
  await expect(tasmota(plug.port).read(limits.signal)).rejects.toMatchObject({ id: "FENCING_FAILED" });
});
