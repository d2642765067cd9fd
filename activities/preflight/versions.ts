import type { Finding } from "../../workflows/contract.ts";
import { passed, refused } from "./check.ts";

/**
 * Whether a standby with this Zigbee2MQTT may take over data of the active's: equal, or newer with the user's consent.
 * An older one may not understand them. Pure.
 */
export function judgeVersions(
  active: string,
  standby: string,
  options: { standby: string; allowNewer: boolean },
): Finding {
  const check = "versions";
  if (!isVersion(active) || !isVersion(standby)) {
    return refused(
      check,
      options.standby,
      `Zigbee2MQTT's version could not be found (active: ${active}, standby: ${standby}).`,
      "Set zigbee2mqtt.directory of the node in understudy.yaml to where its package.json is.",
    );
  }
  const order = compareVersions(active, standby);
  if (order === 0) return passed(check, options.standby, `both run Zigbee2MQTT ${active}`);
  if (order > 0) {
    return refused(
      check,
      options.standby,
      `Zigbee2MQTT ${standby} is older than the active's ${active} and may not understand its data.`,
      `Update it on ${options.standby} to ${active}, without starting it.`,
    );
  }
  if (options.allowNewer)
    return passed(
      check,
      options.standby,
      `Zigbee2MQTT ${standby} is newer than the active's ${active}, as policy.allowNewerStandby allows`,
    );
  return refused(
    check,
    options.standby,
    `Zigbee2MQTT ${standby} is newer than the active's ${active}; after the switchover the way back may be closed.`,
    "Set policy.allowNewerStandby: true for this service if that is meant, or bring both to one version.",
  );
}

function isVersion(text: string): boolean {
  return /^\d+\.\d+\.\d+/.test(text);
}

/** Numeric comparison of major, minor and patch; what follows (such as -dev) counts only when those are equal. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split(/[-+]/, 1)[0]?.split(".").map(Number) ?? []);
  for (const index of [0, 1, 2]) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return a === b ? 0 : a < b ? -1 : 1;
}
