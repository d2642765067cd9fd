import net from "node:net";

/** A TCP port on 127.0.0.1 that is free now. Another process may take it before it is used: whoever uses it must expect that. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

/** As `freePort`, but several, each another one. */
export async function freePorts(count: number): Promise<number[]> {
  // All are held until the last is found, or the kernel might name one twice.
  const servers = await Promise.all(Array.from({ length: count }, listen));
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port);
  await Promise.all(servers.map(async (server) => await new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function listen(): Promise<net.Server> {
  const server = net.createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}
