/** The services of one measurement: all at one broker, each with a base topic of its own and two simulated nodes. */

export interface Site {
  readonly brokerUrl: string;
  readonly temporal: { readonly port: number; readonly uiPort: number; readonly directory: string };
  readonly services: number;
}

export const ACTIVE = "a";
export const STANDBY = "b";

export function serviceNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `home-${String(index).padStart(4, "0")}`);
}

/** understudy.yaml for all of them. Nobody ever connects to the nodes: what would reach them is simulated. */
export function configuration({ brokerUrl, temporal, services }: Site): string {
  const nodes = [ACTIVE, STANDBY].map(
    (name) =>
      `      - { name: ${name}, host: ${name}.invalid, user: root, coordinator: { serialNumber: stick-${name} } }\n`,
  );
  const one = (name: string) => `  ${name}:
    mqtt: { server: ${JSON.stringify(brokerUrl)}, baseTopic: ${name} }
    failover: { after: 0s, restarts: 0 }
    rotation: false
    nodes:
${nodes.join("")}`;
  return `temporal:
  port: ${temporal.port}
  uiPort: ${temporal.uiPort}
  dataDirectory: ${JSON.stringify(temporal.directory)}
services:
${serviceNames(services).map(one).join("")}`;
}
