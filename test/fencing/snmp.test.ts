import snmp from "net-snmp";
import { afterEach, describe, expect, test } from "vitest";
import type { SnmpLogin, SnmpRung } from "../../config/fencing.ts";
import { SNMP_PRESETS } from "../../config/snmp-presets.ts";
import { switchTo } from "../../fencing/power-switch.ts";
import { snmpSwitch } from "../../fencing/snmp.ts";
import { snmpDevice } from "./support/snmp-device.ts";
import type { SnmpDevice, SnmpDeviceOptions } from "./support/snmp-device.ts";

/** Outlet 3 of a PDU as the rPDU2 has it: commands 1 on, 2 off; states 2 on, 1 off. */
const COMMAND = "1.3.6.1.4.1.318.1.1.26.9.2.4.1.5.3";
const STATE = "1.3.6.1.4.1.318.1.1.26.9.2.3.1.5.3";
const PDU: SnmpDeviceOptions = {
  values: { [COMMAND]: 1, [STATE]: 2 },
  effects: (oid, value): Record<string, number> => (oid === COMMAND ? { [STATE]: value === 1 ? 2 : 1 } : {}),
  communities: { private: "write", public: "read" },
};
const USER: snmp.User = {
  name: "understudy",
  level: snmp.SecurityLevel.authPriv,
  authProtocol: snmp.AuthProtocols.sha256,
  authKey: "an-auth-password",
  privProtocol: snmp.PrivProtocols.aes,
  privKey: "a-privacy-password",
};
const V3: SnmpLogin = {
  version: "3",
  user: "understudy",
  auth: { protocol: "sha256", password: "an-auth-password" },
  privacy: { protocol: "aes", password: "a-privacy-password" },
};

let device: SnmpDevice | undefined;
afterEach(() => device?.close());

async function pdu(options: SnmpDeviceOptions = PDU): Promise<SnmpDevice> {
  device = await snmpDevice(options);
  return device;
}

function rung(port: number, login: SnmpLogin = { version: "2c", community: "private" }): SnmpRung {
  return {
    kind: "snmp",
    host: "127.0.0.1",
    port,
    login,
    at: { oid: COMMAND, on: 1, off: 2, statusOid: STATE, statusOn: 2, statusOff: 1 },
    label: "outlet 3",
    proves: "host off",
    trusted: false,
    timeoutMs: 1_500,
  };
}

const never = new AbortController().signal;
const QUICK = { timeout: 200, retries: 1 };
const off = (to: SnmpRung) => switchTo(snmpSwitch(to, QUICK), "off", { timeoutMs: to.timeoutMs, signal: never });

test("v2c: switches off and on, each read back from its own object", async () => {
  const { port, get } = await pdu();
  await off(rung(port));
  expect(get(STATE)).toBe(1);
  await off(rung(port));
  await switchTo(snmpSwitch(rung(port)), "on", { timeoutMs: 1_500, signal: never });
  expect(get(STATE)).toBe(2);
});

test("v3 with authentication and encryption", async () => {
  const { port, get } = await pdu({ ...PDU, communities: {}, user: USER });
  await off(rung(port, V3));
  expect(get(STATE)).toBe(1);
});

test.each([
  ["another user", { ...V3, user: "somebody" }],
  ["another auth password", { ...V3, auth: { protocol: "sha256", password: "wrong-password" } }],
  ["another privacy password", { ...V3, privacy: { protocol: "aes", password: "wrong-password" } }],
] as const)("v3 with %s switches nothing, and no password is told", async (_what, login) => {
  const { port, get } = await pdu({ ...PDU, communities: {}, user: USER });
  const error = (await off(rung(port, login)).catch((e: unknown) => e)) as Error;
  expect(error).toMatchObject({ id: "FENCING_FAILED" });
  expect(error.message).not.toMatch(/password\b.*wrong|an-auth|a-privacy/);
  expect(get(STATE)).toBe(2);
});

test("v2c with a wrong community, or one that may only read, switches nothing", async () => {
  const { port, get } = await pdu();
  const wrong = off(rung(port, { version: "2c", community: "sesame" }));
  await expect(wrong).rejects.toMatchObject({ id: "FENCING_FAILED", what: expect.stringContaining("community") });
  await expect(wrong).rejects.not.toThrow("sesame");
  await expect(off(rung(port, { version: "2c", community: "public" }))).rejects.toMatchObject({ id: "FENCING_FAILED" });
  expect(get(STATE)).toBe(2);
});

test("fault 22: a SET that was taken and changed nothing is no proof", async () => {
  const { port, stick, sets } = await pdu();
  stick();
  await expect(off(rung(port))).rejects.toMatchObject({ what: expect.stringContaining("still reads on") });
  expect(sets.length).toBeGreaterThan(0);
});

test("fault 23: a device that does not answer fails within seconds", async () => {
  const { port, close } = await pdu();
  close();
  device = undefined;
  const begun = performance.now();
  const patient = switchTo(snmpSwitch(rung(port)), "off", { timeoutMs: 20_000, signal: never });
  await expect(patient).rejects.toMatchObject({ what: expect.stringContaining("does not answer SNMP") });
  expect(performance.now() - begun).toBeLessThan(12_000);
});

test("a value that is neither on nor off, and an outlet that does not exist, prove nothing", async () => {
  const { port, put } = await pdu({ ...PDU, effects: () => ({}) });
  put(STATE, 4);
  await expect(off(rung(port))).rejects.toMatchObject({ what: expect.stringContaining("neither on nor off") });
  const elsewhere = { ...rung(port), at: { ...rung(port).at, oid: `${COMMAND}.9`, statusOid: `${STATE}.9` } };
  await expect(off(elsewhere)).rejects.toMatchObject({ id: "FENCING_FAILED" });
});

test("an abort ends it at once", async () => {
  const { port, close } = await pdu();
  close();
  device = undefined;
  const stop = new AbortController();
  const waiting = switchTo(snmpSwitch(rung(port)), "off", { timeoutMs: 20_000, signal: stop.signal });
  stop.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
});

describe("presets", () => {
  test.each([
    ["apc-masterswitch", "1.3.6.1.4.1.318.1.1.4.4.2.1.3.3", "1.3.6.1.4.1.318.1.1.4.4.2.1.3.3", { 1: 1, 2: 2 }],
    ["apc-rpdu", "1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.3", "1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.3", { 1: 1, 2: 2 }],
    ["apc-rpdu2", COMMAND, STATE, { 1: 2, 2: 1 }],
    ["tripp-lite", "1.3.6.1.4.1.850.10.2.3.5.1.4.1.3", "1.3.6.1.4.1.850.10.2.3.5.1.2.1.3", { 2: 2, 1: 1 }],
    ["poe", "1.3.6.1.2.1.105.1.1.1.3.1.3", "1.3.6.1.2.1.105.1.1.1.3.1.3", { 1: 1, 2: 2 }],
    ["ifadmin", "1.3.6.1.2.1.2.2.1.7.3", "1.3.6.1.2.1.2.2.1.7.3", { 1: 1, 2: 2 }],
  ] as const)("%s switches and reads the objects of its MIB", async (preset, command, state, told) => {
    const at = SNMP_PRESETS[preset].switchAt(3, 1);
    const states: Readonly<Record<number, number>> = told;
    const { port, get } = await pdu({
      values: { [command]: at.on, [state]: at.statusOn },
      effects: (oid, value): Record<string, number> => (oid === command ? { [state]: states[value] ?? 0 } : {}),
      communities: { private: "write" },
    });
    await off({ ...rung(port), at });
    expect(get(state)).toBe(at.statusOff);
    await switchTo(snmpSwitch({ ...rung(port), at }, QUICK), "on", { timeoutMs: 1_500, signal: never });
    expect(get(state)).toBe(at.statusOn);
  });
});
