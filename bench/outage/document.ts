import type { BreakdownRow } from "./breakdown.ts";
import type { Summary } from "./report.ts";
import { rowsOf } from "./table.ts";

export interface About {
  /** The day of the measurement, as 2026-11-21. */
  readonly date: string;
  readonly machine: string;
  readonly hosts: string;
}

/** docs/bench.md: what was measured, how, and where the time goes. */
export function documentOf(summary: Summary, breakdown: readonly BreakdownRow[], about: About): string {
  const rows = rowsOf(summary);
  const { ratios, bySize, failoverMs } = summary;
  const sizes = Object.entries(bySize).map(([size, { restartMs, switchoverMs }]) => [
    size,
    seconds(restartMs),
    seconds(switchoverMs),
  ]);
  const aims: (readonly [string, string, string])[] = [
    ["switchover / the prototype's procedure", shown(ratios.switchoverToPrototype), "≤ 0.04"],
    ["switchover / restart in place", shown(ratios.switchoverToRestart), "≤ 0.25"],
    ["switchover / cold start of Zigbee2MQTT", shown(ratios.switchoverToColdStart), "≤ 1.5"],
    ["switchover with 150 devices / with 12", shown(ratios.of150To12Devices), "≤ 1.3"],
    ["failover, process killed", seconds(failoverMs.processKilled), "≤ 5 s"],
    ["failover, dongle pulled", seconds(failoverMs.donglePulled), "≤ 5 s"],
    ["failover, host power lost", seconds(failoverMs.hostPowerLost), "≤ 12 s"],
    ["failover, firmware hung", seconds(failoverMs.firmwareHung), "≤ 25 s"],
  ];
  return [
    "# How long the lights do not answer",
    "",
    HOW,
    "",
    `Measured on ${about.date} on ${about.machine}, ${about.hosts}, homes of ${summary.devices} devices unless said otherwise; medians.`,
    "",
    "![The outages as bars](bench.svg)",
    "",
    table(
      ["what", "a light obeys nobody for"],
      rows.map(({ what, ms }) => [what, seconds(ms)]),
    ),
    "",
    `Of Understudy's runs ${summary.rejoined} devices joined again, and two coordinators were on the air for ${summary.doubleActiveMs} ms.`,
    ...(summary.prototypeMs === null
      ? []
      : [
          `The prototype's left the old coordinator on the air beside the new one, for ${summary.prototype.doubleActiveMs} ms until the measurements ended.`,
        ]),
    ...(summary.skipped.length > 0 ? ["", `Not measured: ${summary.skipped.join("; ")}.`] : []),
    ...(summary.failed.length > 0 ? ["", `Failed: ${summary.failed.length} parts.`] : []),
    "",
    "## Ratios and aims",
    "",
    table(["", "measured", "aim"], aims),
    "",
    "## By the number of devices",
    "",
    table(["devices", "restart in place", "switchover"], sizes),
    "",
    "## Where the time goes",
    "",
    "Milliseconds since the last command that the light received (of a failover since the fault, of a cold start since the order), medians. What has no duration was seen by the lab: ports opened and closed, radios on and off, what Zigbee2MQTT says.",
    ...rows.flatMap(({ part, fault, what }) => {
      const own = breakdown.filter((row) => row.part === part && row.fault === fault);
      if (own.length === 0) return [];
      const cells = own.map((row) => [String(row.fromMs), row.ms === undefined ? "" : String(row.ms), row.what]);
      return ["", `### ${what.charAt(0).toUpperCase()}${what.slice(1)}`, "", table(["at", "took", "what"], cells)];
    }),
    "",
  ].join("\n");
}

const HOW = `\`npm run bench\` measures it at a light that is switched by MQTT every 50 ms: from the last command that it received through the
old node to the first through the new one. All in one run on one lab: real Zigbee2MQTT, zigpy-znp, sshd, Mosquitto and Temporal;
emulated sticks at full timing (115,200 baud, 7 ms a request, flash writes, 1 s a reset). Commands are at QoS 0 and nobody keeps them: a
run in which more arrive in the first second than were published then fails. So does one of Understudy's in which a device joins again or
two coordinators are on the air.

The failovers are with \`failover.after: 0s\`, from the fault to the first command obeyed. The prototype's procedure is written out as its
scripts order it; the reboot of the old node that ends them is not part of the outage. A cold start is that of a Zigbee2MQTT that was
stopped, on a stick that is off the air; its files are in the machine's cache. (\`npm run bench -- --quick\` for a taste, \`--help\` for more.)`;

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function seconds(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? "not measured" : `${(ms / 1000).toFixed(2)} s`;
}

function shown(ratio: number | null | undefined): string {
  return ratio === null || ratio === undefined ? "not measured" : String(ratio);
}
