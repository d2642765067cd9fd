import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { connectAsync } from "mqtt";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findMosquitto, startBroker } from "../../../lab/hosts/broker.ts";
import type { Broker } from "../../../lab/hosts/broker.ts";

let directory: string;
let broker: Broker | undefined;

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), "lab-broker-"));
});

afterEach(async () => {
  await broker?.stop();
  broker = undefined;
  fs.rmSync(directory, { recursive: true });
});

const kinds = findMosquitto() ? (["mosquitto", "embedded"] as const) : (["embedded"] as const);

describe.each(kinds)("the %s broker", (kind) => {
  it("keeps retained messages for those who come later", async () => {
    broker = await startBroker({ directory, kind });
    const writer = await connectAsync(broker.url);
    await writer.publishAsync("home/state", "online", { retain: true, qos: 1 });
    const reader = await connectAsync(broker.url);
    const received = new Promise((resolve) => {
      reader.on("message", (topic, payload) => resolve([topic, payload.toString()]));
    });
    await reader.subscribeAsync("home/#");
    expect(await received).toEqual(["home/state", "online"]);
    await writer.endAsync();
    await reader.endAsync();
  });

  it("lets in who knows the password, and nobody else", async () => {
    const credentials = { username: "home", password: "correct horse" };
    broker = await startBroker({ directory, kind, credentials });
    const client = await connectAsync(broker.url, credentials);
    await client.endAsync();
    const wrong = { ...credentials, password: "battery staple", reconnectPeriod: 0 };
    await expect(connectAsync(broker.url, wrong)).rejects.toThrow(/not authori[sz]ed|Bad username/i);
    await expect(connectAsync(broker.url, { reconnectPeriod: 0 })).rejects.toThrow();
  });

  it("is gone once stopped", async () => {
    broker = await startBroker({ directory, kind });
    const { url } = broker;
    await broker.stop();
    await expect(connectAsync(url, { reconnectPeriod: 0, connectTimeout: 2000 })).rejects.toThrow(/ECONNREFUSED/);
  });
});
