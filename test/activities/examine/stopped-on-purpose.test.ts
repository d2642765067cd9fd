import { expect, test } from "vitest";
import { wasStoppedOnPurpose } from "../../../activities/examine/look-at-node.ts";

test.each([
  ["systemd", "stopped", "inactive, dead", "yes"],
  ["systemd", "failed", "failed, failed, result signal", "no"],
  ["systemd", "failed", "failed, failed, result oom-kill", "no"],
  ["systemd", "failed", "failed, failed, result exit-code", "unknown"],
  ["openrc", "stopped", "stopped", "yes"],
  ["openrc", "failed", "crashed", "no"],
  ["docker", "stopped", "exited with 0", "yes"],
  ["docker", "stopped", "exited with 137", "unknown"],
  ["docker", "failed", "exited with 137, out of memory", "no"],
  ["commands", "stopped", "the status command exits with 3", "unknown"],
  ["commands", "running", "the status command exits with 0", "no"],
  ["systemd", "unknown", "deactivating, stop-sigterm", "unknown"],
] as const)("%s: %s (%s): %s", (kind, state, detail, onPurpose) => {
  expect(wasStoppedOnPurpose(kind, { state, detail })).toBe(onPurpose);
});
