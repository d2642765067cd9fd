import { checkFencing } from "./fencing-checks.ts";
import { parseNodeAddress } from "./node-address.ts";
import { formatPath, type KeyPath, type Problem } from "./problem.ts";
import type { FileInput } from "./schema.ts";
import type { ResetInput } from "./schema/coordinator-reset.ts";
import type { NodeInput } from "./schema/node.ts";
import type { ServiceInput } from "./schema/service.ts";
import type { SourceText } from "./source-text.ts";

/** Finds what no single key shows: settings that contradict each other. The input has passed the schema. */
export function checkTogether(input: FileInput, source: SourceText): Problem[] {
  const problems: Problem[] = [];
  const report = (path: KeyPath, wrong: string, mend: string): void => {
    problems.push({ ...source.position(path, "key"), key: formatPath(path), wrong, mend });
  };
  checkTemporal(input, report);
  for (const [name, service] of Object.entries(input.services)) checkService(["services", name], service, report);
  checkFencing(input, report);
  return problems.sort((a, b) => a.line - b.line || a.column - b.column);
}

type Report = (path: KeyPath, wrong: string, mend: string) => void;

const OWN_SERVER_KEYS = ["port", "uiPort", "executable", "dataDirectory"] as const;

function checkTemporal(input: FileInput, report: Report): void {
  const temporal = input.temporal;
  if (!temporal) return;
  if (temporal.address !== undefined) {
    for (const key of OWN_SERVER_KEYS) {
      if (temporal[key] === undefined) continue;
      report(
        ["temporal", key],
        "is for Understudy's own server, but temporal.address names another one",
        `remove either temporal.${key} or temporal.address`,
      );
    }
  }
  const tls = temporal.tls;
  if (tls && (tls.cert === undefined) !== (tls.key === undefined)) {
    report(["temporal", "tls"], "has only one of cert and key", "set both, or neither");
  }
  if (temporal.port !== undefined && temporal.port === temporal.uiPort) {
    report(["temporal", "uiPort"], "is the same as temporal.port", "choose another port");
  }
}

function checkService(path: KeyPath, service: ServiceInput, report: Report): void {
  const nodes = service.nodes.map((node, index) => ({
    ...summarize(node, service),
    path: [...path, "nodes", index] as KeyPath,
  }));
  for (const [index, node] of nodes.entries()) {
    if (node.user === undefined)
      report(node.path, "does not say which user to log in as", "add `user: pi` here, or below `node:` for all nodes");
    if (node.sudoPassword && (node.privilege === "none" || node.privilege === "doas")) {
      report(
        [...node.path, "sudoPassword"],
        `is set, but privilege is ${node.privilege}`,
        "remove sudoPassword, or write `privilege: sudo`",
      );
    }
    checkReset(node, report);
    for (const [earlier, other] of nodes.slice(0, index).entries()) {
      const otherKey = `nodes[${earlier}]`;
      if (other.name === node.name && other.address !== node.address) {
        report(node.path, `has the same name as ${otherKey}`, "give one of the two another name");
      }
      if (other.address === node.address) checkSharedHost(node, other, otherKey, report);
      // On different machines it may be the same: many cheap sticks are all called 0001.
      if (
        node.address === other.address &&
        node.serialNumber !== undefined &&
        node.serialNumber === other.serialNumber
      ) {
        report(
          [...node.path, "coordinator", "serialNumber"],
          `is also that of ${otherKey}`,
          "give each node its own coordinator",
        );
      }
    }
  }
}

interface NodeSummary {
  readonly path: KeyPath;
  readonly name: string;
  readonly user: string | undefined;
  readonly address: string;
  readonly privilege: string | undefined;
  readonly sudoPassword: boolean;
  readonly manager: string | undefined;
  readonly directory: string | undefined;
  readonly serialNumber: string | undefined;
  /** The coordinator's port and how it is reset, as far as the file says so; and whether the node itself says how. */
  readonly coordinatorPort: string | undefined;
  readonly reset: ResetInput | undefined;
  readonly ownReset: boolean;
}

function summarize(node: string | NodeInput, service: ServiceInput): Omit<NodeSummary, "path"> {
  const address = typeof node === "string" ? parseNodeAddress(node) : undefined;
  const own: Partial<NodeInput> = typeof node === "string" ? {} : node;
  const host = (address?.host ?? own.host ?? "").toLowerCase();
  const port = address?.port ?? own.port ?? service.node?.port ?? 22;
  return {
    name: own.name ?? defaultNodeName(host),
    user: address?.user ?? own.user ?? service.node?.user,
    address: `${host} ${port}`,
    privilege: own.privilege ?? service.node?.privilege,
    sudoPassword: own.sudoPassword !== undefined,
    manager: own.service && JSON.stringify(own.service),
    directory: own.zigbee2mqtt?.data ?? own.zigbee2mqtt?.directory,
    serialNumber: own.coordinator?.serialNumber,
    coordinatorPort: own.coordinator?.port ?? service.node?.coordinator?.port,
    reset: own.coordinator?.reset ?? service.node?.coordinator?.reset,
    ownReset: own.coordinator?.reset !== undefined,
  };
}

/** A coordinator on the network has neither a line nor a port of the node's. */
function checkReset({ path, coordinatorPort, reset, ownReset }: NodeSummary, report: Report): void {
  if (!reset || reset.command !== undefined || !coordinatorPort?.startsWith("tcp://")) return;
  const [kind = ""] = Object.keys(reset);
  report(
    ownReset ? [...path, "coordinator", "reset"] : path,
    `resets a stick of the node by its ${kind}, but its coordinator is on the network`,
    "write `command`, such as one that switches the power of its switch port off and on, or remove coordinator.reset",
  );
}

/** A node without a name is called by its host. The colons of an IPv6 address do not belong in a name. */
export function defaultNodeName(host: string): string {
  return host.replaceAll(/[:%]/g, "-").replace(/^-+/, "");
}

/** Two sticks in one machine are two nodes of it, if and only if everything else of theirs is told apart. */
function checkSharedHost(node: NodeSummary, other: NodeSummary, otherKey: string, report: Report): void {
  const apart =
    node.name !== other.name &&
    node.manager !== undefined &&
    other.manager !== undefined &&
    node.manager !== other.manager &&
    node.directory !== undefined &&
    other.directory !== undefined &&
    node.directory !== other.directory;
  if (apart) return;
  report(
    node.path,
    `is the same host as ${otherKey}`,
    "name another host; if one machine really has two coordinators, give each of the two its own name, service and zigbee2mqtt.data",
  );
}
