import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Aedes } from "aedes";
import mqtt from "mqtt";
import type { MqttClient } from "mqtt";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { TasmotaMqttRung } from "../../config/fencing.ts";
import { switchTo } from "../../fencing/power-switch.ts";
import { tasmotaMqttSwitch } from "../../fencing/tasmota-mqtt.ts";
import { startBroker } from "../../lab/hosts/broker.ts";
import type { Broker } from "../../lab/hosts/broker.ts";

let directory: string;
let broker: Broker;
let plug: MqttClient;
let state: { on: boolean; obeys: boolean; answers: boolean; retains: boolean };

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "understudy-plug-"));
  broker = await startBroker({ directory, credentials: { username: "understudy", password: "at the broker" } });
  plug = await mqtt.connectAsync(broker.url, { username: "understudy", password: "at the broker" });
  await plug.subscribeAsync("cmnd/attic-plug/#");
  plug.on("message", (_topic, payload) => {
    const order = payload.toString();
    if (order !== "" && state.obeys) state.on = order === "ON";
    if (!state.answers) return;
    plug.publish("stat/attic-plug/RESULT", JSON.stringify({ POWER: state.on ? "ON" : "OFF" }));
    plug.publish("stat/attic-plug/POWER", state.on ? "ON" : "OFF", { retain: state.retains });
  });
});
afterAll(async () => {
  await plug?.endAsync(true);
  await broker?.stop();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  state = { on: true, obeys: true, answers: true, retains: false };
});

const limits = { timeoutMs: 1_000, signal: new AbortController().signal };

function device(changes: Partial<TasmotaMqttRung> = {}) {
  return tasmotaMqttSwitch({
    kind: "tasmota-mqtt",
    server: broker.url,
    topic: "attic-plug",
    relay: 1,
    user: "understudy",
    password: "at the broker",
    proves: "host off",
    trusted: false,
    timeoutMs: 1_000,
    ...changes,
  });
}

test("switches off and on, each told by the plug itself", async () => {
  await switchTo(device(), "off", limits);
  expect(state.on).toBe(false);
  await switchTo(device(), "on", limits);
  expect(state.on).toBe(true);
});

test("fault 22: a plug that does not obey proves nothing", async () => {
  state.obeys = false;
  await expect(switchTo(device(), "off", limits)).rejects.toMatchObject({
    what: expect.stringContaining("still reads on"),
  });
});

test("what the broker had retained is an earlier word: a plug that says nothing proves nothing", async () => {
  state.retains = true;
  await switchTo(device(), "off", limits);
  state.answers = false;
  await expect(device().read(limits.signal)).rejects.toMatchObject({
    what: expect.stringContaining("does not answer at the broker"),
  });
});

test("a broker that is gone, or refuses the user, fails without a password in the words", async () => {
  const error = (await device({ password: "wrong one" })
    .read(limits.signal)
    .catch((e: unknown) => e)) as Error;
  expect(error).toMatchObject({ id: "FENCING_FAILED" });
  expect(error.message).not.toContain("wrong one");
  await expect(device({ server: "mqtt://127.0.0.1:9" }).read(limits.signal)).rejects.toMatchObject({
    id: "FENCING_FAILED",
  });
});

test("a broker whose access list does not let us hear the plug is told in words, so that the next rung is tried", async () => {
  const strict = await Aedes.createBroker({ authorizeSubscribe: (_client, _subscription, done) => done(null, null) });
  const server = createServer((socket) => strict.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(switchTo(device({ server: url }), "off", limits)).rejects.toMatchObject({
      id: "FENCING_FAILED",
      what: expect.stringContaining("does not let us hear it"),
    });
    expect(state.on).toBe(true);
  } finally {
    await new Promise<void>((resolve) => strict.close(() => resolve()));
    server.close();
  }
});
