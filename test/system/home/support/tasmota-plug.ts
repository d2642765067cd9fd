import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Outlet } from "../../../../lab/home/outlet.ts";

export interface TasmotaPlug {
  readonly port: number;
  /** What it switches. Until then it does not answer. */
  outlet: Outlet | undefined;
  close(): Promise<void>;
}

/** A plug with Tasmota, on the machine of the test, to put before an outlet of the lab. */
export async function tasmotaPlug(): Promise<TasmotaPlug> {
  const server = createServer((request, response) => {
    const { outlet } = plug;
    if (!outlet) return;
    const [, order] = (new URL(request.url ?? "/", "http://plug").searchParams.get("cmnd") ?? "").split(" ");
    if (order) outlet.order(order.toUpperCase() === "ON" ? "on" : "off");
    response.setHeader("content-type", "application/json");
    // It answers when the relay has moved, as a real one does within milliseconds.
    const answer = (): unknown => response.end(JSON.stringify({ POWER: outlet.read().toUpperCase() }));
    outlet.settled().then(answer, answer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const plug: TasmotaPlug = {
    port: (server.address() as AddressInfo).port,
    outlet: undefined,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return plug;
}
