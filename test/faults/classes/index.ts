import type { HostKind } from "../site.ts";
import { CONNECTION_FAULTS } from "./connections.ts";
import { CONTROLLER_FAULTS } from "./controller.ts";
import type { FaultClass } from "./fault.ts";
import { HOST_FAULTS } from "./hosts.ts";
import { RADIO_FAULTS } from "./radio.ts";
import { SERVICE_FAULTS } from "./service.ts";

/** All classes that can be made on such hosts, in a fixed order: a seed's plan depends on it. */
export function faultClasses(hosts: HostKind): readonly FaultClass[] {
  const all = [...CONTROLLER_FAULTS, ...CONNECTION_FAULTS, ...RADIO_FAULTS, ...SERVICE_FAULTS, ...HOST_FAULTS];
  return all.filter((fault) => fault.hosts.includes(hosts));
}
