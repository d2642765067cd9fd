import type { KeyPath } from "./problem.ts";
import type { SnmpInput } from "./schema/fencing.ts";
import { SNMP_PRESETS } from "./snmp-presets.ts";

type Report = (path: KeyPath, wrong: string, mend: string) => void;

const OWN_KEYS = ["oid", "on", "off", "statusOid", "statusOn", "statusOff"] as const;

/** Finds what contradicts itself in an SNMP rung: preset or OIDs, v2c or v3. */
export function checkSnmp(input: SnmpInput, path: KeyPath, report: Report): void {
  if (input.preset === undefined) checkOids(input, path, report);
  else checkPreset(input, input.preset, path, report);
  checkLogin(input, path, report);
}

function checkOids(input: SnmpInput, path: KeyPath, report: Report): void {
  if (input.oid === undefined) {
    report(path, "says neither preset nor oid", "write for example `preset: apc-rpdu` and `outlet: 3`");
    return;
  }
  for (const key of ["outlet", "switchPort", "group"] as const)
    if (input[key] !== undefined)
      report([...path, key], "belongs to a preset, and there is an oid", "write the number into the oid");
  if (input.on === undefined || input.off === undefined)
    report(path, "does not say which integers mean on and off", "add for example `on: 1` and `off: 2`");
  else if (input.on === input.off || (input.statusOn ?? input.on) === (input.statusOff ?? input.off))
    report(path, "has the same integer for on and off", "see the device's MIB for what they are");
}

function checkPreset(input: SnmpInput, name: keyof typeof SNMP_PRESETS, path: KeyPath, report: Report): void {
  const { counts, proves } = SNMP_PRESETS[name];
  for (const key of OWN_KEYS)
    if (input[key] !== undefined)
      report([...path, key], `is set, but the preset ${name} knows it`, `remove either ${key} or preset`);
  if (input[counts] === undefined) report(path, `does not say which ${counts} it is`, `add \`${counts}: 3\``);
  const other = counts === "outlet" ? "switchPort" : "outlet";
  if (input[other] !== undefined) report([...path, other], `is not what ${name} counts`, `write ${counts}`);
  if (input.group !== undefined && name !== "poe")
    report([...path, "group"], "is for the preset poe alone", "remove it");
  if (proves === "network cut" && input.proves !== undefined && input.proves !== "network cut")
    report(
      [...path, "proves"],
      "is more than it can prove: a port without network leaves the host and its radio running",
      "remove `proves`; what suffices switches power: an outlet, or a port's PoE (`preset: poe`)",
    );
}

function checkLogin(input: SnmpInput, path: KeyPath, report: Report): void {
  const { community, user, auth, privacy } = input;
  if ((community === undefined) === (user === undefined)) {
    report(
      path,
      "needs exactly one of community (SNMP v2c) and user (SNMP v3)",
      "write `community: { file: … }`, or user with auth and privacy",
    );
    return;
  }
  if (user === undefined && (auth ?? privacy))
    report(
      path,
      "has auth or privacy, which SNMP v2c does not know",
      "remove them, or write user instead of community",
    );
  if (privacy && !auth)
    report([...path, "privacy"], "stands without auth", "add auth: SNMP encrypts only what is signed");
}
