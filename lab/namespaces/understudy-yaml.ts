import type { NamespaceHost } from "./host.ts";

export interface UnderstudyYamlValues {
  readonly identityFile: string;
  readonly knownHostsFile: string;
  /** Interpreter that has zigpy-znp, the same on all nodes. */
  readonly python: string;
  readonly hosts: readonly NamespaceHost[];
  /** Holds the password that sudo asks for; undefined where it asks for none. */
  readonly sudoPasswordFile: string | undefined;
  readonly temporal: { readonly port: number; readonly uiPort: number; readonly dataDirectory: string };
}

/**
 * understudy.yaml for nodes that are set up as usual: service manager, Zigbee2MQTT, broker and sticks are left for
 * Understudy to find. Paths must hold no line break.
 */
export function understudyYaml(values: UnderstudyYamlValues): string {
  const file = values.sudoPasswordFile;
  const sudoPassword = file === undefined ? "" : `      sudoPassword: { file: ${text(file)} }\n`;
  const nodes = values.hosts.map(({ name, address }) => `      - name: ${name}\n        host: ${address}\n`);
  return `services:
  zigbee:
    node: # what holds for all nodes
      user: pi
${sudoPassword}      ssh:
        identityFile: ${text(values.identityFile)}
        knownHosts: ${text(values.knownHostsFile)}
      coordinator:
        python: ${text(values.python)}
    nodes:
${nodes.join("")}
temporal:
  port: ${values.temporal.port}
  uiPort: ${values.temporal.uiPort}
  dataDirectory: ${text(values.temporal.dataDirectory)}
`;
}

/** JSON's strings are YAML's double-quoted ones. */
function text(value: string): string {
  return JSON.stringify(value);
}
