import { createHash } from "node:crypto";
import { basename } from "node:path";
import type { PowerRung, RungConfig } from "./fencing.ts";

/** A rung in a few words for people, without secrets: `ssh`, `snmp 10.0.0.9 outlet 3`. */
export function nameRung(rung: RungConfig): string {
  switch (rung.kind) {
    case "ssh":
    case "person":
    case "command":
      return rung.kind;
    case "snmp":
      return `snmp ${rung.host} ${rung.label}`;
    case "tasmota-http":
      return `tasmota ${rung.host}${rung.relay === 1 ? "" : ` relay ${rung.relay}`}`;
    case "tasmota-mqtt":
      return `tasmota ${rung.topic}${rung.relay === 1 ? "" : ` relay ${rung.relay}`}`;
    case "shelly":
      return `shelly ${rung.host}${rung.switch === 0 ? "" : ` switch ${rung.switch}`}`;
    case "agent":
      return `agent ${basename(rung.name)}${rung.options["port"] === undefined ? "" : ` ${rung.options["port"]}`}`;
  }
}

/**
 * Names the mapping of a rung to a node, so that what a test proved of it is not believed of another: what is switched, and
 * the host that it is said to power. Passwords, time limits and the like do not belong to it.
 */
export function mappingOf(rung: PowerRung, nodeHost: string): string {
  const hash = createHash("sha256").update(JSON.stringify([nodeHost.toLowerCase(), targetOf(rung)]));
  return `${nameRung(rung)} #${hash.digest("hex").slice(0, 12)}`;
}

function targetOf(rung: PowerRung): readonly unknown[] {
  switch (rung.kind) {
    case "snmp":
      return [rung.kind, rung.host, rung.port, rung.at];
    case "tasmota-http":
      return [rung.kind, rung.host, rung.port, rung.relay];
    case "tasmota-mqtt":
      return [rung.kind, rung.server, rung.topic, rung.relay];
    case "shelly":
      return [rung.kind, rung.host, rung.port, rung.generation, rung.switch];
    case "agent":
      return [rung.kind, rung.name, Object.entries(rung.options).sort(([a], [b]) => (a < b ? -1 : 1))];
    case "command":
      return [rung.kind, rung.off, rung.status, rung.on ?? ""];
  }
}
