import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Home } from "../../../lab/home/home.ts";
import type { WatchedNode } from "./watched.ts";

interface Network {
  readonly panId: number;
  readonly extendedPanId: string;
  readonly channel: number;
  readonly keyFingerprint: string;
}

/** I4: on the node that serves, configuration, backup and coordinator name one network, and the database knows every device. */
export function judgeAgreement(home: Home, node: WatchedNode): string[] {
  const directory = node.home.zigbee2mqtt.dataDirectory;
  const stick = node.home.dongle.inspect();
  const say = (what: string): string[] => [`I4: on ${node.name}, which serves, ${what}`];
  let configured: Network;
  let backedUp: Network | undefined;
  let known: ReadonlySet<string>;
  try {
    configured = ofConfiguration(readFileSync(join(directory, "configuration.yaml"), "utf8"));
    backedUp = ofBackup(join(directory, "coordinator_backup.json"));
    known = ofDatabase(readFileSync(join(directory, "database.db"), "utf8"));
  } catch (error) {
    return say(`a file of Zigbee2MQTT cannot be read (${(error as Error).name})`);
  }
  const running: Network = {
    panId: stick.panId ?? -1,
    extendedPanId: stick.extendedPanId ?? "",
    channel: stick.channel ?? -1,
    keyFingerprint: stick.keyFingerprint ?? "",
  };
  const differing = (other: Network): string[] =>
    (Object.keys(running) as (keyof Network)[]).filter((key) => running[key] !== other[key]);
  const found: string[] = [];
  const inConfiguration = differing(configured);
  if (inConfiguration.length > 0)
    found.push(...say(`configuration and coordinator differ in ${inConfiguration.join(", ")}`));
  const inBackup = backedUp ? differing(backedUp) : [];
  if (inBackup.length > 0) found.push(...say(`backup and coordinator differ in ${inBackup.join(", ")}`));
  const missing = home.devices.filter(({ ieeeAddress }) => !known.has(ieeeAddress));
  if (missing.length > 0) found.push(...say(`the database has lost ${missing.map(({ name }) => name).join(", ")}`));
  return found;
}

function ofConfiguration(text: string): Network {
  const { advanced } = parse(text) as {
    advanced: { pan_id: number; ext_pan_id: number[]; channel: number; network_key: number[] };
  };
  return {
    panId: advanced.pan_id,
    extendedPanId: Buffer.from(advanced.ext_pan_id).toString("hex"),
    channel: advanced.channel,
    keyFingerprint: fingerprint(Buffer.from(advanced.network_key)),
  };
}

/** Undefined while there is none: Zigbee2MQTT writes it when it stops. */
function ofBackup(file: string): Network | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  const backup = JSON.parse(text) as {
    pan_id: string;
    extended_pan_id: string;
    channel: number;
    network_key: { key: string };
  };
  return {
    panId: Number.parseInt(backup.pan_id, 16),
    extendedPanId: backup.extended_pan_id,
    channel: backup.channel,
    keyFingerprint: fingerprint(Buffer.from(backup.network_key.key, "hex")),
  };
}

function ofDatabase(text: string): ReadonlySet<string> {
  const lines = text.split("\n").filter((line) => line !== "");
  return new Set(lines.map((line) => (JSON.parse(line) as { ieeeAddr: string }).ieeeAddr));
}

function fingerprint(key: Buffer): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 16);
}
