import type { ServiceManagerConfig } from "../../config/effective.ts";
import type { Host } from "../host.ts";
import { commandsDriver } from "./commands.ts";
import { dockerDriver } from "./docker.ts";
import type { Autostart, ServiceDriver, ServiceStatus } from "./driver.ts";
import { startService, stopService } from "./lifecycle.ts";
import { openrcDriver } from "./openrc.ts";
import { systemdDriver } from "./systemd.ts";

/** The service on one node, through whatever manages it there. */
export interface ServiceManager {
  readonly kind: ServiceManagerConfig["kind"];
  /** For people, such as "the OpenRC service zigbee2mqtt". */
  describe(): string;
  /** Rejects NODE_NOT_UNDERSTOOD where the manager or the service is not there. */
  status(signal?: AbortSignal): Promise<ServiceStatus>;
  /**
   * Starts it; resolves once the manager says that it runs and its process exists. Nothing happens if it runs already.
   * Rejects SERVICE_DID_NOT_START, OUTCOME_UNKNOWN.
   */
  start(signal?: AbortSignal): Promise<void>;
  /**
   * Stops it; resolves only when the manager says so and the process that was known before is gone. `timeoutMs` is 60 000 by default.
   * Rejects SERVICE_DID_NOT_STOP, OUTCOME_UNKNOWN.
   */
  stop(signal?: AbortSignal, timeoutMs?: number): Promise<void>;
  /** What would start it without us: none of it is allowed on a node (I2). Empty for plain commands, where nothing can be known. */
  autostart(signal?: AbortSignal): Promise<Autostart[]>;
}

/** The manager of a service on a node. Nothing is asked of the node yet. */
export function serviceManager(host: Host, config: ServiceManagerConfig): ServiceManager {
  const driver = driverFor(host, config);
  return {
    kind: config.kind,
    describe: () => driver.name,
    status: async (signal) => {
      const { state, pid, detail } = await driver.status(signal);
      return { state, pid, detail };
    },
    start: (signal) => startService(host, driver, signal),
    stop: (signal, timeoutMs) => stopService(host, driver, signal, timeoutMs),
    autostart: (signal) => driver.autostart(signal),
  };
}

function driverFor(host: Host, config: ServiceManagerConfig): ServiceDriver {
  switch (config.kind) {
    case "openrc":
      return openrcDriver(host, config.name);
    case "systemd":
      return systemdDriver(host, config.unit);
    case "docker":
      return dockerDriver(host, config.container);
    case "commands":
      return commandsDriver(host, config);
  }
}
