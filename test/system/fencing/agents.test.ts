import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { AgentRung } from "../../../config/fencing.ts";
import { agentSwitch } from "../../../fencing/agent.ts";
import { switchTo } from "../../../fencing/power-switch.ts";
import { snmpDevice } from "../../fencing/support/snmp-device.ts";

/** The agents of Debian's package fence-agents, as they are. */
const OUTLET = "1.3.6.1.4.1.318.1.1.4.4.2.1.3.3";
const limits = { timeoutMs: 30_000, signal: new AbortController().signal };

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
});

function agent(name: string, options: Record<string, string>, secrets: Record<string, string> = {}): AgentRung {
  return { kind: "agent", name, options, secrets, proves: "host off", trusted: false, timeoutMs: 30_000 };
}

test("fence_dummy: off, read back, and on again", async () => {
  const directory = mkdtempSync(join(tmpdir(), "understudy-agent-"));
  cleanups.push(() => rmSync(directory, { recursive: true }));
  const dummy = agentSwitch(agent("fence_dummy", { status_file: join(directory, "status") }));
  await switchTo(dummy, "off", limits);
  expect(await dummy.read(limits.signal)).toBe("off");
  await switchTo(dummy, "on", limits);
  expect(await dummy.read(limits.signal)).toBe("on");
});

test("fence_apc_snmp: an outlet of a PDU, by SNMP v2c", async () => {
  const pdu = await snmpDevice({ values: { [OUTLET]: 1 }, communities: { private: "write" } });
  cleanups.push(pdu.close);
  const options = { ip: "127.0.0.1", ipport: String(pdu.port), plug: "3", snmp_version: "2c" };
  const outlet = agentSwitch(agent("fence_apc_snmp", options, { community: "private" }));
  await switchTo(outlet, "off", limits);
  expect(pdu.get(OUTLET)).toBe(2);
  await switchTo(outlet, "on", limits);
  expect(pdu.get(OUTLET)).toBe(1);
});

test("fault 22: fence_apc_snmp on an outlet that is stuck", async () => {
  const pdu = await snmpDevice({ values: { [OUTLET]: 1 }, communities: { private: "write" } });
  cleanups.push(pdu.close);
  pdu.stick();
  const options = { ip: "127.0.0.1", ipport: String(pdu.port), plug: "3", snmp_version: "2c", power_timeout: "1" };
  const outlet = agentSwitch(agent("fence_apc_snmp", options, { community: "private" }));
  await expect(switchTo(outlet, "off", { ...limits, timeoutMs: 1_000 })).rejects.toMatchObject({
    id: "FENCING_FAILED",
  });
});

test("an agent that lacks what it needs is no host that is off", async () => {
  await expect(agentSwitch(agent("fence_apc_snmp", {})).read(limits.signal)).rejects.toMatchObject({
    id: "FENCING_FAILED",
  });
});
