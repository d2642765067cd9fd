import { expect, test } from "vitest";
import { judgeVersions } from "../../../activities/preflight/versions.ts";

test.each([
  ["2.14.1", "2.14.1", false, true, "both run Zigbee2MQTT 2.14.1"],
  ["2.14.1", "2.9.3", false, false, "older"],
  ["2.14.1", "2.9.3", true, false, "older"],
  ["2.9.3", "2.14.1", false, false, "newer"],
  ["2.9.3", "2.14.1", true, true, "allowNewerStandby"],
  ["2.14.1-dev", "2.14.1", false, false, "older|newer"],
  ["unknown", "2.14.1", true, false, "could not be found"],
  ["2.14.1", "unknown", true, false, "could not be found"],
])("active %s, standby %s, newer allowed %s", (active, standby, allowNewer, ok, words) => {
  const finding = judgeVersions(active, standby, { standby: "b", allowNewer });
  expect(finding.ok).toBe(ok);
  expect(finding.what).toMatch(new RegExp(words));
  expect(finding.next === undefined).toBe(ok);
});
