import { expect, it } from "vitest";
import { HostPool } from "../../hosts/pool.ts";

const ssh = {
  host: "127.0.0.1",
  port: 1,
  user: "z",
  password: "x",
  knownHostsFiles: [],
  keepaliveMs: 1000,
  connectTimeoutMs: 1000,
};
const node = { name: "kitchen", ssh, privilege: { kind: "none" } } as const;

it("gives one host per node as configured, and new ones after it was closed", async () => {
  const pool = new HostPool();
  const host = pool.get(node);
  expect(pool.get({ ...node, ssh: { ...ssh } })).toBe(host);
  expect(pool.get({ ...node, ssh: { ...ssh, port: 2 } })).not.toBe(host);
  expect(pool.get({ ...node, name: "attic" })).not.toBe(host);
  await pool.closeAll();
  await expect(host.run("true")).rejects.toMatchObject({ id: "HOST_UNREACHABLE" });
  expect(pool.get(node)).not.toBe(host);
  await pool.closeAll();
});
