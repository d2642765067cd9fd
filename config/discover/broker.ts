import { UnderstudyError } from "../../model/errors.ts";
import { DEFAULTS } from "../defaults.ts";
import type { BrokerConfig } from "../effective.ts";
import type { ServiceConfig } from "../user-config.ts";
import { DEFAULT_SOURCE, notUnderstood, setInFile, type Found } from "./found.ts";
import type { Zigbee2MqttConfiguration } from "./zigbee2mqtt-configuration.ts";

/** What one node's configuration says about the broker. */
export interface NodeBroker {
  readonly node: string;
  /** Address at which the controller reaches the node. */
  readonly sshHost: string;
  readonly configuration: Zigbee2MqttConfiguration | undefined;
}

export interface FoundBroker {
  readonly broker: BrokerConfig;
  /** By the key of understudy.yaml: `mqtt.server`, `mqtt.user` … */
  readonly sources: ReadonlyMap<string, string>;
}

const LOOPBACK = /^(localhost|127(\.[0-9]{1,3}){3}|\[::1\])$/i;
const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  "mqtt:": "1883",
  "mqtts:": "8883",
  "ws:": "80",
  "wss:": "443",
};

/**
 * The broker as the controller reaches it: as set, else as the nodes' configurations agree on it, where a broker on the
 * node itself ("localhost") is at the node's SSH address. Rejects NODE_NOT_UNDERSTOOD where they disagree.
 */
export function findBroker(
  service: ServiceConfig,
  nodes: readonly NodeBroker[],
  warn: (warning: string) => void,
): FoundBroker {
  const { mqtt, setAt } = service;
  const sources = new Map<string, string>();
  const take = <T>(key: string, set: T | undefined, found: Found<T> | undefined): T | undefined => {
    if (set !== undefined) sources.set(`mqtt.${key}`, setInFile(setAt, `mqtt.${key}`));
    else if (found) sources.set(`mqtt.${key}`, found.source);
    return set ?? found?.value;
  };
  const first = nodes.find((node) => node.configuration?.mqtt.server !== undefined);
  const inFirst = <T>(value: T | undefined): Found<T> | undefined =>
    value === undefined || !first?.configuration
      ? undefined
      : { value, source: `found in ${first.configuration.file} on ${first.node}` };
  const found = mqtt.server === undefined ? agreedServer(service.name, nodes) : undefined;
  const url = take("server", mqtt.server, found);
  const theirs = first?.configuration?.mqtt;
  const login = found && theirs?.server !== undefined ? parseServer(theirs.server) : undefined;
  if (url === undefined) {
    throw new UnderstudyError("NODE_NOT_UNDERSTOOD", {
      what: `No node of ${service.name} has a configuration.yaml with mqtt.server.`,
      next: `set mqtt.server of ${service.name} in understudy.yaml, or configure Zigbee2MQTT on one of the nodes.`,
    });
  }
  const secure = /^(mqtts|wss):/.test(url);
  if (secure && theirs?.ca !== undefined && mqtt.caFile === undefined)
    warn(
      `Zigbee2MQTT verifies the broker with ${theirs.ca} on ${first?.node}: copy that file here and set mqtt.ca, if the system does not trust the broker anyway.`,
    );
  if (theirs?.cert !== undefined)
    warn(
      "Zigbee2MQTT shows the broker a client certificate; Understudy has none to show and needs to be let in without.",
    );
  const broker: BrokerConfig = {
    url,
    username: take("user", mqtt.user, inFirst(theirs?.user ?? login?.username)),
    // With another user, the password found on the node is not that user's.
    password: take(
      "password",
      mqtt.password,
      mqtt.user === undefined ? inFirst(theirs?.password ?? login?.password) : undefined,
    ),
    caFile: take("ca", mqtt.caFile, undefined),
    rejectUnauthorized:
      take("rejectUnauthorized", mqtt.rejectUnauthorized, inFirst(theirs?.rejectUnauthorized)) ??
      DEFAULTS.mqtt.rejectUnauthorized,
    baseTopic: take("baseTopic", mqtt.baseTopic, agreedTopic(service.name, nodes)) ?? DEFAULTS.mqtt.baseTopic,
  };
  for (const key of ["mqtt.rejectUnauthorized", "mqtt.baseTopic"])
    if (!sources.has(key)) sources.set(key, DEFAULT_SOURCE);
  return { broker, sources };
}

function agreedServer(service: string, nodes: readonly NodeBroker[]): Found<string> | undefined {
  const servers = nodes.flatMap(({ node, sshHost, configuration }) => {
    const server = configuration?.mqtt.server;
    if (configuration === undefined || server === undefined) return [];
    const value = reachableServer(server, sshHost);
    if (value === undefined) {
      throw notUnderstood(
        node,
        `mqtt.server in ${configuration.file} is not an address that begins with mqtt://, mqtts://, ws:// or wss://.`,
        `correct it there, or set mqtt.server of ${service} in understudy.yaml.`,
      );
    }
    const moved = value === stripLogin(server) ? "" : `; there it is the node itself, reached at ${sshHost}`;
    return [{ node, value, source: `found in ${configuration.file} on ${node}${moved}` }];
  });
  return agree(servers, `The nodes of ${service} use different brokers`, `mqtt.server of ${service}`);
}

function agreedTopic(service: string, nodes: readonly NodeBroker[]): Found<string> | undefined {
  const topics = nodes.flatMap(({ node, configuration }) =>
    configuration
      ? [
          {
            node,
            value: configuration.mqtt.baseTopic ?? DEFAULTS.mqtt.baseTopic,
            source:
              configuration.mqtt.baseTopic === undefined ? DEFAULT_SOURCE : `found in ${configuration.file} on ${node}`,
          },
        ]
      : [],
  );
  return agree(topics, `The nodes of ${service} use different base topics`, `mqtt.baseTopic of ${service}`);
}

function agree(
  found: readonly (Found<string> & { node: string })[],
  disagreement: string,
  key: string,
): Found<string> | undefined {
  const distinct = new Set(found.map(({ value }) => value));
  if (distinct.size > 1) {
    throw new UnderstudyError("NODE_NOT_UNDERSTOOD", {
      what: `${disagreement}: ${found.map(({ node, value }) => `${value} (${node})`).join(", ")}.`,
      next: `make Zigbee2MQTT's configurations agree, or set ${key} in understudy.yaml if they mean the same.`,
    });
  }
  return found[0];
}

/** A server as another machine reaches it, without login; undefined if it is not a broker's address. */
function reachableServer(server: string, nodeAddress: string): string | undefined {
  const url = parseServer(server);
  if (!url) return undefined;
  const address = nodeAddress.includes(":") ? `[${nodeAddress}]` : nodeAddress;
  const host = LOOPBACK.test(url.host) ? address : url.host;
  return `${url.protocol}//${host.toLowerCase()}:${url.port}${url.path}`;
}

/** The same address without the user and password that it may contain. */
export function stripLogin(server: string): string {
  const url = parseServer(server);
  return url ? `${url.protocol}//${url.host.toLowerCase()}:${url.port}${url.path}` : server.replace(/\/\/[^/]*@/, "//");
}

interface Server {
  readonly protocol: string;
  readonly host: string;
  readonly port: string;
  readonly path: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

function parseServer(server: string): Server | undefined {
  let url: URL;
  try {
    url = new URL(server.trim().replace(/^tcp:/, "mqtt:").replace(/^ssl:/, "mqtts:"));
  } catch {
    return undefined;
  }
  const port = DEFAULT_PORTS[url.protocol];
  if (port === undefined || !/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$/.test(url.hostname)) return undefined;
  return {
    protocol: url.protocol,
    host: url.hostname,
    port: url.port === "" ? port : url.port,
    path: url.protocol.startsWith("ws") ? url.pathname : "",
    username: decode(url.username),
    password: decode(url.password),
  };
}

function decode(text: string): string | undefined {
  try {
    return text === "" ? undefined : decodeURIComponent(text);
  } catch {
    return text;
  }
}
