import { UnderstudyError } from "../../model/errors.ts";
import type { Host } from "../host.ts";
import type { Autostart, DriverStatus, ServiceDriver } from "./driver.ts";

const PROPERTIES = [
  "LoadState",
  "ActiveState",
  "SubState",
  "Result",
  "MainPID",
  "UnitFileState",
  "Restart",
  "WantedBy",
  "RequiredBy",
];
const SHOW = `systemctl show --no-pager ${PROPERTIES.map((name) => `-p ${name}`).join(" ")} -- "$1"`;

type Properties = ReadonlyMap<string, string>;

/** System services of systemd. */
export function systemdDriver(host: Host, unit: string): ServiceDriver {
  const show = async (signal?: AbortSignal): Promise<Properties> => {
    const result = await host.run(SHOW, { args: [unit], privileged: true, signal });
    const properties = new Map<string, string>();
    for (const line of result.stdout.toString("utf8").split("\n")) {
      const equals = line.indexOf("=");
      if (equals > 0) properties.set(line.slice(0, equals), line.slice(equals + 1));
    }
    if (result.code !== 0 || !properties.has("ActiveState") || properties.get("LoadState") === "not-found")
      throw notThere(host, unit, result.code);
    return properties;
  };
  const command = async (verb: string, signal: AbortSignal | undefined, timeoutMs: number): Promise<number> => {
    const script = 'systemctl "$2" -- "$1" >/dev/null 2>&1 </dev/null';
    return (await host.run(script, { args: [unit, verb], privileged: true, exclusive: true, signal, timeoutMs })).code;
  };
  return {
    name: `the systemd unit ${unit}`,
    inspect: `systemctl status ${unit}; journalctl -eu ${unit}`,
    status: async (signal) => judge(await show(signal)),
    requestStart: (signal) => command("start", signal, 120_000),
    requestStop: (signal, timeoutMs) => command("stop", signal, timeoutMs),
    autostart: async (signal) => readAutostart(unit, await show(signal)),
  };
}

function judge(properties: Properties): DriverStatus {
  const active = properties.get("ActiveState") ?? "";
  const sub = properties.get("SubState") ?? "";
  const pid = Number(properties.get("MainPID") ?? "0") || undefined;
  const detail = `${active}, ${sub}${active === "failed" ? `, result ${properties.get("Result") ?? ""}` : ""}`;
  if (active === "active" || active === "reloading") return { state: "running", pid, detail, atRest: false };
  if (active === "inactive") return { state: "stopped", pid, detail, atRest: true };
  if (active === "failed") return { state: "failed", pid, detail, atRest: true };
  if (sub.startsWith("auto-restart")) return { state: "failed", pid, detail, atRest: false };
  return { state: "unknown", pid, detail, atRest: false };
}

function readAutostart(unit: string, properties: Properties): Autostart[] {
  const found: Autostart[] = [];
  const fileState = properties.get("UnitFileState") ?? "";
  const wantedBy = [properties.get("WantedBy"), properties.get("RequiredBy")].filter(Boolean).join(" ");
  if (fileState.startsWith("enabled")) {
    found.push({
      starts: "at boot",
      how: `systemd starts ${unit} at boot (${fileState})`,
      mend: `systemctl disable ${unit}`,
    });
  } else if (wantedBy) {
    found.push({
      starts: "at boot",
      how: `systemd starts ${unit} with ${wantedBy}`,
      mend: `remove ${unit} from what ${wantedBy} wants: systemctl edit --full ${wantedBy}`,
    });
  }
  const restart = properties.get("Restart") ?? "no";
  if (restart !== "no" && restart !== "") {
    found.push({
      starts: "after a crash",
      how: `systemd starts ${unit} again (Restart=${restart})`,
      mend: `systemctl edit ${unit}, with the two lines [Service] and Restart=no`,
    });
  }
  return found;
}

function notThere(host: Host, unit: string, code: number): UnderstudyError {
  return new UnderstudyError("NODE_NOT_UNDERSTOOD", {
    node: host.name,
    what: code === 0 ? `systemd has no unit ${unit}.` : `systemd cannot be asked for ${unit} (exit status ${code}).`,
    next:
      code === 0
        ? "name the unit as `systemctl list-unit-files` on the node does."
        : "set this node's service manager in understudy.yaml.",
  });
}
