import type { CoordinatorConfig } from "../config/effective.ts";
import type { Host } from "../hosts/host.ts";
import type { Coordinator } from "./coordinator.ts";
import { zigpyCoordinator } from "./zigpy-znp.ts";
import { zstackCoordinator } from "./zstack/zstack.ts";

/** A node's coordinator, by the driver that is configured for it. */
export function coordinatorOf(host: Host, config: CoordinatorConfig): Coordinator {
  const { driver, port, python } = config;
  return driver === "zstack" ? zstackCoordinator(host, { port }) : zigpyCoordinator(host, { port, python });
}
