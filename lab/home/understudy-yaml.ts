import type { HomeNode } from "./node.ts";

/** What every home's file says, whatever its hosts are made of. */
export interface HomeYamlValues {
  readonly identityFile: string;
  readonly knownHostsFile: string;
  /** With zigpy-znp for a driver: the interpreter that has it, the same on all nodes. Undefined: Understudy's own driver. */
  readonly python: string | undefined;
  readonly temporal: { readonly port: number; readonly uiPort: number; readonly dataDirectory: string };
}

export interface UnderstudyYamlValues extends HomeYamlValues {
  readonly nodes: readonly HomeNode[];
}

/**
 * understudy.yaml for a home in the lab, as its owner would write it. Broker, serial ports and the like are left for
 * Understudy to find. Paths must hold no line break.
 */
export function understudyYaml(values: UnderstudyYamlValues): string {
  const nodes = values.nodes.map(
    ({ name, host, stateDirectory, serialNumber }) => `      - name: ${name}
        host: 127.0.0.1
        port: ${host.port}
        user: ${text(host.user)}
        service:
          commands:
            start: ${text(host.zigbee2mqtt.commands.start)}
            stop: ${text(host.zigbee2mqtt.commands.stop)}
            status: ${text(host.zigbee2mqtt.commands.status)}
        zigbee2mqtt:
          directory: ${text(host.zigbee2mqtt.directory)}
        state: ${text(stateDirectory)}
        coordinator:
          serialNumber: ${text(serialNumber)}
`,
  );
  return homeYaml(values, "      privilege: none\n", nodes);
}

/** The file of a home: `common` are the lines that hold for all nodes, `nodes` those of each, both indented already. */
export function homeYaml(values: HomeYamlValues, common: string, nodes: readonly string[]): string {
  return `services:
  zigbee:
    sync: { every: 24h, afterChange: false } # only when asked to
    rotation: false
    node: # what holds for all nodes
${common}      ssh:
        identityFile: ${text(values.identityFile)}
        knownHosts: ${text(values.knownHostsFile)}
      coordinator:
        driver: ${values.python === undefined ? "zstack" : `zigpy-znp\n        python: ${text(values.python)}`}
    nodes:
${nodes.join("")}
temporal:
  port: ${values.temporal.port}
  uiPort: ${values.temporal.uiPort}
  dataDirectory: ${text(values.temporal.dataDirectory)}
`;
}

/** JSON's strings are YAML's double-quoted ones. */
export function text(value: string): string {
  return JSON.stringify(value);
}
