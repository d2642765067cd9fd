import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  lstatSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SAMPLE_EXTENDED_PAN_ID, SAMPLE_IEEE, SAMPLE_KEY } from "./nvram-builder.ts";

/** A new directory under the system's temporary one, with a function that removes it. */
export function temporaryDirectory(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "understudy-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Files by path, and links as `-> target`. */
export type Tree = Readonly<Record<string, string>>;

export function writeTree(root: string, tree: Tree): void {
  for (const [path, content] of Object.entries(tree)) {
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    if (content.startsWith("-> ")) symlinkSync(content.slice(3), full);
    else writeFileSync(full, content);
  }
}

export function readTree(root: string, below = ""): Tree {
  return Object.assign(
    {},
    ...readdirSync(join(root, below)).map((name) => {
      const path = join(below, name);
      const full = join(root, path);
      if (lstatSync(full).isSymbolicLink()) return { [path]: `-> ${readlinkSync(full)}` };
      return statSync(full).isDirectory() ? readTree(root, path) : { [path]: readFileSync(full, "utf8") };
    }),
  ) as Tree;
}

/** Zigbee2MQTT's configuration for the sample network of nvram-builder.ts. */
export const SAMPLE_CONFIGURATION = `# my home
version: 5
mqtt:
  base_topic: zigbee2mqtt
  server: mqtt://192.0.2.1 # the broker
  password: '!secret password'
serial:
  port: /dev/serial/by-id/usb-stick-A
  adapter: zstack
frontend:
  enabled: true
advanced:
  pan_id: 0x4402
  ext_pan_id: [${bytes(SAMPLE_EXTENDED_PAN_ID.slice(2))}]
  channel: 15
  network_key: [${bytes(SAMPLE_KEY)}]
devices: devices.yaml
`;

export const SAMPLE_BACKUP = JSON.stringify({
  metadata: {
    format: "zigpy/open-coordinator-backup",
    version: 1,
    source: "zigbee-herdsman@10.9.2",
    internal: { znpVersion: 1 },
  },
  stack_specific: { zstack: { tclk_seed: "00112233445566778899aabbccddeeff" } },
  coordinator_ieee: SAMPLE_IEEE.slice(2),
  pan_id: "4402",
  extended_pan_id: SAMPLE_EXTENDED_PAN_ID.slice(2),
  nwk_update_id: 3,
  security_level: 5,
  channel: 15,
  channel_mask: [15],
  network_key: { key: SAMPLE_KEY, sequence_number: 0, frame_counter: 7_500 },
  devices: [
    {
      nwk_address: "1f",
      ieee_address: "00158d0000000011",
      is_child: false,
      link_key: { key: "ab".repeat(16), rx_counter: 7, tx_counter: 40 },
    },
  ],
});

/** What a data directory of Zigbee2MQTT holds; of it `SAMPLE_LEFT_OUT` does not go into a generation. */
export const SAMPLE_DATA: Tree = {
  "configuration.yaml": SAMPLE_CONFIGURATION,
  "coordinator_backup.json": SAMPLE_BACKUP,
  "database.db": [
    '{"id":1,"type":"Coordinator","ieeeAddr":"0x00124b0099aa0001"}',
    '{"id":2,"type":"Router","ieeeAddr":"0x00158d0000000011"}',
    '{"id":3,"type":"EndDevice","ieeeAddr":"0x00158d0000000012"}',
  ].join("\n"),
  "devices.yaml": "'0x00158d0000000011':\n  friendly_name: küche licht\n",
  "secret.yaml": "password: geheim\n",
  "state.json": "{}",
  "external_converters/my converter.mjs": "export default {};\n",
  "external_converters/lib/shared.mjs": "export {};\n",
  "external_converters/latest.mjs": "-> my converter.mjs",
};

export const SAMPLE_LEFT_OUT: Tree = {
  "log/2026-11-21.03-00-00/log.log": "old\n",
  "log/current": "-> 2026-11-21.03-00-00",
  "migration-4-to-5.log": "migrated\n",
  "state.json.tmp": "{",
  "external_converters/.tmp-ed42d4f2-x.mjs": "x",
  "external_converters/node_modules": "-> /opt/zigbee2mqtt/node_modules",
};

function bytes(hex: string): string {
  return [...Buffer.from(hex, "hex")].join(", ");
}
