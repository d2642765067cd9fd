import { readFileSync, writeFileSync } from "node:fs";
import { parseDocument } from "yaml";
import type { Home } from "../../../lab/home/home.ts";

/** Sets keys below the service in the home's understudy.yaml; undefined removes one. The worker reads it when it starts. */
export function setForService(
  home: Home,
  values: readonly (readonly [path: readonly (string | number)[], value: unknown])[],
): void {
  const document = parseDocument(readFileSync(home.configFile, "utf8"));
  for (const [path, value] of values) {
    const whole = ["services", "zigbee", ...path];
    if (value === undefined) document.deleteIn(whole);
    else document.setIn(whole, value);
  }
  writeFileSync(home.configFile, document.toString());
}
