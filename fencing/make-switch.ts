import type { PowerRung } from "../config/fencing.ts";
import { agentSwitch } from "./agent.ts";
import { commandSwitch } from "./command.ts";
import type { PowerSwitch } from "./power-switch.ts";
import { shellySwitch } from "./shelly.ts";
import { snmpSwitch } from "./snmp.ts";
import { tasmotaHttpSwitch } from "./tasmota-http.ts";
import { tasmotaMqttSwitch } from "./tasmota-mqtt.ts";

/** The device behind a rung. Nothing is asked of it yet. */
export function powerSwitch(rung: PowerRung): PowerSwitch {
  switch (rung.kind) {
    case "snmp":
      return snmpSwitch(rung);
    case "tasmota-http":
      return tasmotaHttpSwitch(rung);
    case "tasmota-mqtt":
      return tasmotaMqttSwitch(rung);
    case "shelly":
      return shellySwitch(rung);
    case "agent":
      return agentSwitch(rung);
    case "command":
      return commandSwitch(rung);
  }
}
