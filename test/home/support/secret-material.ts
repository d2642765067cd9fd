import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Home } from "../../../lab/home/home.ts";
import type { HomeNode } from "../../../lab/home/node.ts";
import type { Secret } from "./secret-search.ts";

interface Backup {
  readonly stack_specific: { readonly zstack: { readonly tclk_seed: string } };
  readonly network_key: { readonly key: string };
  readonly devices: readonly { readonly ieee_address: string; readonly link_key?: { readonly key: string } }[];
}

/** Everything that must never be seen: what Zigbee2MQTT's own backup of the network holds, and the broker's password. */
export function secretsOf(home: Home, node: HomeNode): Secret[] {
  const backup = JSON.parse(
    readFileSync(join(node.zigbee2mqtt.dataDirectory, "coordinator_backup.json"), "utf8"),
  ) as Backup;
  const hex = (name: string, key: string): Secret => ({ name, bytes: Buffer.from(key, "hex") });
  return [
    hex("network key", backup.network_key.key),
    hex("trust center link key seed", backup.stack_specific.zstack.tclk_seed),
    ...backup.devices.flatMap(({ ieee_address: address, link_key: linkKey }) =>
      linkKey ? [hex(`link key of ${address}`, linkKey.key)] : [],
    ),
    { name: "broker password", bytes: Buffer.from(home.broker.credentials?.password ?? "") },
  ];
}

/** All files below a directory, whatever they are called. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}

/** Each value of a SQLite database. In the file itself a long one may be torn apart by the edge of a page. */
export function databaseValues(file: string): Buffer {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all() as { name: string }[];
    const rows = tables.flatMap(({ name }) => database.prepare(`SELECT * FROM "${name}"`).all());
    const values = rows
      .flatMap((row) => Object.values(row))
      .filter((value) => typeof value === "string" || value instanceof Uint8Array);
    return Buffer.concat(values.flatMap((value) => [Buffer.from(value as string), Buffer.from("\n")]));
  } finally {
    database.close();
  }
}

/** Watches with which arguments programs are run on this machine, all nodes included. The returned function ends it. */
export function watchCommandLines(): () => string {
  const seen = new Set<string>();
  const look = (): void => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
      } catch {
        // It has just ended.
      }
    }
  };
  const looking = setInterval(look, 60);
  return () => {
    clearInterval(looking);
    return [...seen].join("\n");
  };
}
