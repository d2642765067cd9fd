import { describe, expect, it } from "vitest";
import { readNetwork } from "../../coordinators/network.ts";
import { parseCoordinatorBackup } from "../../generations/coordinator-backup.ts";
import type { GenerationSummary } from "../../generations/generation.ts";
import { judgeAgreement, judgeGeneration } from "../../generations/judge.ts";
import { configuredNetwork, networkKeyFile } from "../../generations/zigbee2mqtt-configuration.ts";
import { SAMPLE_BACKUP, SAMPLE_CONFIGURATION } from "../support/data-directory.ts";
import {
  blankImage,
  formedImage,
  SAMPLE_EXTENDED_PAN_ID,
  SAMPLE_KEY,
  withItem,
  type SyntheticNetwork,
} from "../support/nvram-builder.ts";

function agreement(
  changes: { configuration?: string; backup?: string | undefined; network?: SyntheticNetwork } = {},
): readonly string[] {
  const backup = "backup" in changes ? changes.backup : SAMPLE_BACKUP;
  return judgeAgreement(
    configuredNetwork(changes.configuration ?? SAMPLE_CONFIGURATION),
    backup === undefined ? undefined : parseCoordinatorBackup(backup),
    readNetwork(formedImage(changes.network)),
  );
}

function configured(from: string | RegExp, to: string): string {
  return SAMPLE_CONFIGURATION.replace(from, to);
}

describe("I4: configuration, backup and coordinator agree", () => {
  it("is true of a home that works", () => {
    expect(agreement()).toEqual([]);
  });

  it("is true where the configuration leaves the extended PAN ID at its default, or has it in reverse", () => {
    expect(agreement({ configuration: configured(/ext_pan_id:.*/, "") })).toEqual([]);
    expect(
      agreement({ configuration: configured(/ext_pan_id:.*/, "ext_pan_id: [221, 221, 221, 221, 221, 221, 221, 221]") }),
    ).toEqual([]);
    expect(
      agreement({
        configuration: configured(/ext_pan_id:.*/, "ext_pan_id: [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]"),
      }),
    ).toEqual([]);
  });

  it("understands every way of writing numbers, and a PAN ID without leading zeros in the backup", () => {
    const configuration = configured("0x4402", "18").replace(
      /ext_pan_id:.*/,
      "ext_pan_id:\n    - 0x11\n    - 34\n    - 0x33\n    - 0x44\n    - 85\n    - 0x66\n    - 0x77\n    - 136",
    );
    expect(
      agreement({ configuration, backup: SAMPLE_BACKUP.replace('"4402"', '"12"'), network: { panId: 0x12 } }),
    ).toEqual([]);
  });

  it("follows the reference to a key in another file", () => {
    const configuration = configured(/network_key:.*/, "network_key: '!secret network_key'");
    const secrets = `network_key: [${[...Buffer.from(SAMPLE_KEY, "hex")].join(", ")}]`;
    expect(networkKeyFile(configuration)).toBe("secret.yaml");
    expect(networkKeyFile(SAMPLE_CONFIGURATION)).toBeUndefined();
    const judged = (text?: string): readonly string[] =>
      judgeAgreement(
        configuredNetwork(configuration, () => text),
        parseCoordinatorBackup(SAMPLE_BACKUP),
        readNetwork(formedImage()),
      );
    expect(judged(secrets)).toEqual([]);
    expect(judged(undefined)).toEqual(["advanced.network_key is not a list of 16 bytes"]);
    expect(judged("other: 1")).toEqual(["advanced.network_key is not a list of 16 bytes"]);
  });

  it.each([
    ["PAN ID: configuration says 6754, coordinator 17410", { configuration: configured("0x4402", "0x1a62") }],
    ["PAN ID: backup says 18, coordinator 17410", { backup: SAMPLE_BACKUP.replace('"4402"', '"12"') }],
    ["channel: configuration says 20, coordinator 15", { configuration: configured("channel: 15", "channel: 20") }],
    ["channel: backup says 11, coordinator 15", { backup: SAMPLE_BACKUP.replace('"channel":15', '"channel":11') }],
    ["network key: configuration and coordinator differ", { configuration: configured("[15, 30", "[16, 30") }],
    ["network key: configuration and coordinator differ", { configuration: configured(/network_key:.*/, "") }],
    ["network key: backup and coordinator differ", { backup: SAMPLE_BACKUP.replace(SAMPLE_KEY, "ee".repeat(16)) }],
    [
      "IEEE address: backup says 0x00124b0099aa0001, coordinator 0x0000000000000009",
      { network: { ieee: "0x0000000000000009" } },
    ],
    [
      `extended PAN ID: configuration says ${SAMPLE_EXTENDED_PAN_ID}, coordinator 0x0102030405060708`,
      { network: { extendedPanId: "0x0102030405060708" } },
    ],
    [
      `extended PAN ID: backup says ${SAMPLE_EXTENDED_PAN_ID}, coordinator 0x0102030405060708`,
      { network: { extendedPanId: "0x0102030405060708" } },
    ],
    ["coordinator_backup.json is missing or not readable", { backup: undefined }],
    ["coordinator_backup.json is missing or not readable", { backup: SAMPLE_BACKUP.slice(0, 300) }],
    [
      "advanced.network_key is GENERATE, so a start would form a new network",
      { configuration: configured(/network_key:.*/, "network_key: GENERATE") },
    ],
    ["advanced.pan_id is not a PAN ID (1 to 65534)", { configuration: configured("0x4402", "'0x4402'") }],
    ["configuration.yaml is not readable as YAML", { configuration: "mqtt: [" }],
  ])("finds: %s", (finding, changes) => {
    const findings = agreement(changes);
    expect(findings).toContain(finding);
    expect(findings.join()).not.toMatch(/0f1e2d3c|15, 30|eeee/);
  });

  it("finds a coordinator without a network, and one whose two keys differ", () => {
    const judge = (image: Parameters<typeof readNetwork>[0]): readonly string[] =>
      judgeAgreement(
        configuredNetwork(SAMPLE_CONFIGURATION),
        parseCoordinatorBackup(SAMPLE_BACKUP),
        readNetwork(image),
      );
    expect(judge(blankImage())).toEqual(["the coordinator holds no network"]);
    expect(judge(withItem(formedImage(), "LEGACY", "NWK_ALTERN_KEY_INFO", `00${"ee".repeat(16)}`))).toEqual([
      "network key: the coordinator's active and alternate keys differ",
    ]);
  });
});

describe("I5: a good generation is not replaced by a worse one", () => {
  const previous: GenerationSummary = {
    coordinatorIeee: "0x00124b0099aa0001",
    panId: 0x4402,
    extendedPanId: SAMPLE_EXTENDED_PAN_ID,
    channel: 15,
    keySequence: 0,
    keyFingerprint: "a".repeat(64),
    keyedDevices: 10,
    databaseDevices: 12,
    frameCounters: { network: 50_000, linkKeys: 3_000 },
  };

  it.each<[string, Partial<GenerationSummary>]>([
    ["nothing changed", {}],
    ["counters grew", { frameCounters: { network: 51_000, linkKeys: 3_500 } }],
    ["a device joined", { keyedDevices: 11, databaseDevices: 13 }],
    [
      "devices were removed",
      { keyedDevices: 8, databaseDevices: 10, frameCounters: { network: 50_000, linkKeys: 10 } },
    ],
    ["a device without a key of its own was removed", { databaseDevices: 11 }],
  ])("accepts it where %s", (_what, change) => {
    expect(judgeGeneration({ ...previous, ...change }, previous)).toEqual([]);
  });

  it("accepts the first one", () => {
    expect(judgeGeneration(previous, undefined)).toEqual([]);
  });

  it.each<[string, Partial<GenerationSummary>]>([
    ["the channel is 20, before 15", { channel: 20 }],
    ["the PAN ID is 1, before 17410", { panId: 1 }],
    ["the key sequence number is 1, before 0", { keySequence: 1 }],
    ["the network key is another one", { keyFingerprint: "b".repeat(64) }],
    [
      "the network's frame counter went back from 50000 to 49999",
      { frameCounters: { network: 49_999, linkKeys: 3_000 } },
    ],
    ["the link keys' frame counter went back from 3000 to 0", { frameCounters: { network: 50_000, linkKeys: 0 } }],
    ["the coordinator knows the keys of 9 devices, before 10, while its database lost 0", { keyedDevices: 9 }],
    [
      "the coordinator knows the keys of 0 devices, before 10, while its database lost 1",
      { keyedDevices: 0, databaseDevices: 11 },
    ],
  ])("finds: %s", (reason, change) => {
    expect(judgeGeneration({ ...previous, ...change }, previous)).toContain(reason);
  });
});
