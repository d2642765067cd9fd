import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import type { Hold } from "../../workflows/contract.ts";
import { bringUp, until } from "./support/bring-up.ts";
import type { RunningHome } from "./support/bring-up.ts";
import { nobodyNoticed, serves } from "./support/whole-home.ts";

let lab: RunningHome;
beforeAll(async () => {
  lab = await bringUp({ devices: 4, timing: "off" });
});
afterAll(() => lab?.stop());

async function verb(...args: string[]): Promise<{ code: number; said: Record<string, unknown> }> {
  const { code, stdout } = await lab.understudy.run([...args, "-o", "json"]);
  return { code, said: JSON.parse(stdout) as Record<string, unknown> };
}

async function status(): Promise<{ known: boolean; holder?: string; epoch?: number; stopped?: Hold; why?: string }> {
  const { said } = await verb("status");
  return (said["services"] as [{ known: boolean }])[0];
}

test("I1: a service that is stopped is silent and stays down; a start brings it back on its node", async () => {
  const a = lab.home.node("a");
  expect((await verb("service", "stop", "--yes", "--reason", "painting")).code).toBe(0);
  expect({ running: a.zigbee2mqtt.running, onAir: a.dongle.onAir }).toEqual({ running: false, onAir: false });
  expect((await status()).stopped).toMatchObject({ reason: "painting" });
  expect((await verb("service", "start")).code).toBe(0);
  await serves(lab.home, a);
  expect((await status()).stopped).toBeUndefined();
});

test("a pause keeps an armed service from acting by itself; its end lets it", async () => {
  const a = lab.home.node("a");
  expect((await verb("arm")).code).toBe(0);
  expect((await verb("pause", "--for", "1h", "--reason", "new router")).code).toBe(0);
  process.kill(a.zigbee2mqtt.pid ?? 0, "SIGKILL");
  await until(async () => (await lab.serviceState()).trouble !== undefined, "the trouble is seen");
  const { trouble, restarts } = await lab.serviceState();
  expect(trouble?.decision).toMatchObject({ because: expect.stringContaining("new router") });
  expect({ restarts, running: a.zigbee2mqtt.running }).toEqual({ restarts: [], running: false });
  expect((await verb("resume")).code).toBe(0);
  await until(() => a.zigbee2mqtt.running, "it is restarted");
  await serves(lab.home, a);
});

test("fault 3: after Temporal's database was lost the nodes tell who serves, once a person says that this is the controller", async () => {
  const { epoch } = await status();
  await lab.understudy.stop();
  const { temporal } = parse(readFileSync(lab.home.configFile, "utf8")) as { temporal: { dataDirectory: string } };
  for (const end of ["", "-wal", "-shm"]) rmSync(join(temporal.dataDirectory, `temporal.db${end}`), { force: true });

  // It is ready when somebody answers; who serves is not known then.
  const started = lab.understudy.start(60_000, AbortSignal.timeout(60_000));
  started.catch(() => undefined);
  // The mark of the controller that was lost is younger than 10 minutes.
  await until(
    async () => (await status().catch(() => undefined))?.why?.includes("another controller") === true,
    "it waits",
  );
  expect((await verb("adopt")).code).toBe(2);
  expect(await verb("adopt", "--holder", "b", "--yes")).toMatchObject({ code: 2 });
  expect((await verb("adopt", "--holder", "a", "--yes")).code).toBe(0);
  await started;
  expect(await status()).toMatchObject({ known: true, holder: "a", epoch });
  await serves(lab.home, lab.home.node("a"));
  nobodyNoticed(lab.home);
});
