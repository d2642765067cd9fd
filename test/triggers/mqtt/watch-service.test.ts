import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, test, vi } from "vitest";
import type { BrokerConfig } from "../../../config/effective.ts";
import type { World } from "../../../activities/support/world.ts";
import { watchService } from "../../../triggers/mqtt/watch-service.ts";

test("a broker that could not be listened to for a while is listened to again", async () => {
  const asked = Promise.withResolvers<void>();
  const server = createServer((socket) => {
    asked.resolve();
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const complaints = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const good: BrokerConfig = {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    baseTopic: "zigbee2mqtt",
    rejectUnauthorized: true,
  };
  let looks = 0;
  const world = {
    remembered: () => ({ automation: { sync: { everyMs: 300_000, preload: true } } }),
    service: () => Promise.resolve({ broker: looks++ === 0 ? { ...good, caFile: "/nowhere/ca.pem" } : good }),
  } as unknown as World;
  const ending = new AbortController();
  const watching = watchService(world, "zigbee", ending.signal);
  try {
    await asked.promise;
    expect(complaints.mock.calls.flat().join()).toContain("zigbee: the MQTT trigger cannot listen to the broker");
  } finally {
    ending.abort();
    await watching;
    complaints.mockRestore();
    server.close();
  }
});
