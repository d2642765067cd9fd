import { once } from "node:events";
import net from "node:net";
import type { HostPort } from "./host-port.ts";
import type { Timing } from "./serial-line.ts";

/** The local network between host and dongle, one way, in ms. */
const LAN_MS = 2;

/**
 * Opens a dongle to the network of this machine, for one client at a time: further ones are hung up on.
 * @param port 0: any that is free
 * @returns the port, and the number it listens on
 */
export async function openTcpPort(
  port: number,
  timing: Timing,
  received: (bytes: Buffer) => void,
): Promise<HostPort & { readonly port: number }> {
  let client: net.Socket | undefined;
  const travel = (arrive: () => void): void => {
    if (timing === "full") setTimeout(arrive, LAN_MS);
    else arrive();
  };
  const server = net.createServer((socket) => {
    client = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes) => travel(() => received(bytes)));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      if (client === socket) client = undefined;
    });
  });
  server.maxConnections = 1;
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    write: (bytes) => {
      const target = client;
      travel(() => target?.write(bytes));
    },
    close: async () => {
      client?.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
