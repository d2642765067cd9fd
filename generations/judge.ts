import type { CoordinatorNetwork, FormedNetwork } from "../coordinators/network.ts";
import type { CoordinatorBackup } from "./coordinator-backup.ts";
import type { GenerationSummary } from "./generation.ts";
import { DEFAULT_EXTENDED_PAN_ID, type ConfiguredNetwork } from "./zigbee2mqtt-configuration.ts";

type ComparedNetwork = Pick<
  FormedNetwork,
  "coordinatorIeee" | "panId" | "extendedPanId" | "channel" | "networkKey" | "alternateKey"
>;

/** Sentences for people, without any key; nothing is wrong where there are none. */
export type Findings = readonly string[];

/**
 * I4: whether configuration, backup and coordinator agree, so that Zigbee2MQTT resumes the network. Where they do not, it may
 * form a new one and clear its database. Stricter than Zigbee2MQTT, which does not compare channel, address and backup.
 */
export function judgeAgreement(
  configuration: ConfiguredNetwork,
  backup: CoordinatorBackup | undefined,
  network: CoordinatorNetwork,
): Findings {
  const problems = [...configuration.problems];
  if (!backup) problems.push("coordinator_backup.json is missing or not readable");
  if (!network.formed) return [...problems, "the coordinator holds no network"];
  return [
    ...problems,
    ...compareConfiguration(configuration, network),
    ...(backup ? compareBackup(backup, network) : []),
  ];
}

/** What Zigbee2MQTT says of the network that it runs (`bridge/info`); a part is undefined where it says nothing. */
export interface RunningNetwork {
  readonly coordinatorIeee: string | undefined;
  readonly panId: number | undefined;
  readonly extendedPanId: string | undefined;
  readonly channel: number | undefined;
}

/** I4 while the coordinator is in use and cannot be read: configuration and backup against each other and against what runs. */
export function judgeRunningNetwork(
  configuration: ConfiguredNetwork,
  backup: CoordinatorBackup | undefined,
  running: RunningNetwork,
): Findings {
  if (!backup) return [...configuration.problems, "coordinator_backup.json is missing or not readable"];
  const asCoordinator: ComparedNetwork = {
    coordinatorIeee: running.coordinatorIeee ?? backup.coordinatorIeee,
    panId: running.panId ?? backup.panId,
    extendedPanId: running.extendedPanId ?? backup.extendedPanId,
    channel: running.channel ?? backup.channel,
    networkKey: backup.networkKey,
    alternateKey: backup.networkKey,
  };
  return [
    ...configuration.problems,
    ...compareConfiguration(configuration, asCoordinator),
    ...compareBackup(backup, asCoordinator),
  ];
}

/**
 * I5: why a generation must not replace the previous one; nothing where it may. A change that the user made on purpose (channel,
 * key, PAN) is found as well: it has to be confirmed.
 */
export function judgeGeneration(candidate: GenerationSummary, previous: GenerationSummary | undefined): Findings {
  if (!previous) return [];
  const reasons = [...judgeOtherKind(candidate, previous)];
  const counters = candidate.frameCounters;
  // The highest link key counter may leave together with its device.
  if (counters.linkKeys < previous.frameCounters.linkKeys && candidate.keyedDevices >= previous.keyedDevices) {
    reasons.push(
      `the link keys' frame counter went back from ${previous.frameCounters.linkKeys} to ${counters.linkKeys}`,
    );
  }
  const lost = previous.keyedDevices - candidate.keyedDevices;
  const removed = Math.max(0, previous.databaseDevices - candidate.databaseDevices);
  if (lost > removed) {
    reasons.push(
      `the coordinator knows the keys of ${candidate.keyedDevices} devices, before ${previous.keyedDevices}, while its database lost ${removed}`,
    );
  }
  return reasons;
}

/**
 * I5 between a generation made while the service ran and one made of the whole NVRAM: only what both know alike. Zigbee2MQTT's
 * backup counts devices, and adds those that Z-Stack has lost; an image has rows.
 */
export function judgeOtherKind(candidate: GenerationSummary, previous: GenerationSummary | undefined): Findings {
  if (!previous) return [];
  const reasons = SAME_FACTS.filter(({ key }) => candidate[key] !== previous[key]).map(({ name, shown, key }) =>
    shown ? `${name} is ${show(candidate[key])}, before ${show(previous[key])}` : `${name} is another one`,
  );
  const [now, before] = [candidate.frameCounters.network, previous.frameCounters.network];
  if (now < before) reasons.push(`the network's frame counter went back from ${before} to ${now}`);
  return reasons;
}

const SAME_FACTS = [
  { key: "coordinatorIeee", name: "the coordinator's address", shown: true },
  { key: "panId", name: "the PAN ID", shown: true },
  { key: "extendedPanId", name: "the extended PAN ID", shown: true },
  { key: "channel", name: "the channel", shown: true },
  { key: "keySequence", name: "the key sequence number", shown: true },
  { key: "keyFingerprint", name: "the network key", shown: false },
] as const;

function compareConfiguration(configuration: ConfiguredNetwork, network: ComparedNetwork): string[] {
  const { panId, extendedPanId, channel, networkKey } = configuration;
  const differences: string[] = [];
  if (panId !== undefined && panId !== network.panId)
    differences.push(differs("PAN ID", "configuration", panId, network.panId));
  // Older versions of Zigbee2MQTT stored it in reverse, and it still resumes such a network.
  const accepted = [DEFAULT_EXTENDED_PAN_ID, network.extendedPanId, reversed(network.extendedPanId)];
  if (extendedPanId !== undefined && !accepted.includes(extendedPanId)) {
    differences.push(differs("extended PAN ID", "configuration", extendedPanId, network.extendedPanId));
  }
  if (channel !== undefined && channel !== network.channel)
    differences.push(differs("channel", "configuration", channel, network.channel));
  if (networkKey && !networkKey.equals(network.networkKey))
    differences.push("network key: configuration and coordinator differ");
  if (!network.networkKey.equals(network.alternateKey))
    differences.push("network key: the coordinator's active and alternate keys differ");
  return differences;
}

function compareBackup(backup: CoordinatorBackup, network: ComparedNetwork): string[] {
  const differences = (
    [
      ["IEEE address", backup.coordinatorIeee, network.coordinatorIeee],
      ["PAN ID", backup.panId, network.panId],
      ["extended PAN ID", backup.extendedPanId, network.extendedPanId],
      ["channel", backup.channel, network.channel],
    ] as const
  )
    .filter(([, stored, held]) => stored !== held)
    .map(([name, stored, held]) => differs(name, "backup", stored, held));
  return backup.networkKey.equals(network.networkKey)
    ? differences
    : [...differences, "network key: backup and coordinator differ"];
}

function differs(
  name: string,
  source: "configuration" | "backup",
  there: string | number,
  held: string | number,
): string {
  return `${name}: ${source} says ${show(there)}, coordinator ${show(held)}`;
}

function show(value: string | number): string {
  return String(value);
}

function reversed(address: string): string {
  return `0x${Buffer.from(address.slice(2), "hex").swap64().toString("hex")}`;
}
