import { homeYaml, text } from "../home/understudy-yaml.ts";
import type { HomeYamlValues } from "../home/understudy-yaml.ts";
import type { NamespaceHost } from "./host.ts";

export interface UnderstudyYamlValues extends HomeYamlValues {
  readonly hosts: readonly NamespaceHost[];
  /** Holds the password that sudo asks for; undefined where it asks for none. */
  readonly sudoPasswordFile: string | undefined;
}

/**
 * understudy.yaml for nodes that are set up as usual: service manager, Zigbee2MQTT, broker and sticks are left for
 * Understudy to find. Paths must hold no line break.
 */
export function understudyYaml(values: UnderstudyYamlValues): string {
  const file = values.sudoPasswordFile;
  const sudoPassword = file === undefined ? "" : `      sudoPassword: { file: ${text(file)} }\n`;
  const nodes = values.hosts.map(({ name, address }) => `      - name: ${name}\n        host: ${address}\n`);
  return homeYaml(values, `      user: pi\n${sudoPassword}`, nodes);
}
