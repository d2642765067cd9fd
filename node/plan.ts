import { posix } from "node:path";
import type { EffectiveNode, EffectiveService } from "../config/effective.ts";
import { UnderstudyError } from "../model/errors.ts";
import { noSelfFence } from "./contacts.ts";
import type { TriedContact } from "./contacts.ts";
import { bootJob, gateHook, selfFenceJob } from "./hooks.ts";
import type { Init } from "./hooks.ts";
import { LIBRARY, instanceOf, isSameMachine } from "./instance.ts";
import type { Instance } from "./instance.ts";
import { programs } from "./programs.ts";
import { settingsText } from "./settings.ts";
import type { PeerAddress } from "./settings.ts";
import type { Survey } from "./survey.ts";
import type { Thing } from "./things.ts";

export interface SurveyedNode {
  readonly node: EffectiveNode;
  readonly survey: Survey;
  readonly contacts: readonly TriedContact[];
}

/** What a node is to have, in the order in which it is made, and what its owner should know. */
export interface Wish {
  readonly node: EffectiveNode;
  readonly instance: Instance;
  readonly init: Init;
  readonly things: readonly Thing[];
  readonly notes: readonly string[];
}

/** Paths and names become words of scripts and of service files. */
const PLAIN = /^[\w./@:+-]+$/;
const NEEDED = ["flock", "logger", "sha256sum", "setsid"];

/**
 * What one node is to have. Pure. `all` holds every node of the service that is needed for it.
 * @throws UnderstudyError NODE_NOT_UNDERSTOOD where a node cannot have it.
 */
export function wishFor(service: EffectiveService, name: string, all: readonly SurveyedNode[]): Wish {
  const own = all.find(({ node }) => node.name === name);
  if (!own) throw new RangeError(`not surveyed: ${name}`);
  const { node, survey } = own;
  const instance = instanceOf(service, node);
  const init = requireSupported(node, survey, instance);
  const { offlineBoot, selfFenceMs } = service.automation.failover;
  const others = all.filter((other) => other.node.name !== name && !isSameMachine(other.node, node));
  const asks = offlineBoot === "last-holder" && others.length > 0;
  if (asks) requirePeerTools(node, survey);

  const notFencing = selfFenceMs === undefined ? "" : (noSelfFence(node, own.contacts) ?? "");
  const fences = selfFenceMs !== undefined && notFencing === "";
  const settings = settingsText({
    service,
    node,
    instance,
    peers: asks ? others.map((other) => peerAddress(other.node)) : [],
    ...(fences ? { selfFence: { seconds: Math.ceil(selfFenceMs / 1000), contacts: own.contacts } } : {}),
  });
  const hook = gateHook(node.manager, node.stateDirectory);
  const things: Thing[] = [
    ...programs().map((program) => ({ kind: "file", what: "program", ...program }) as const),
    { kind: "file", what: "settings of this node", path: instance.settings, content: settings, mode: "600" },
    ...(asks ? peerThings(service, instance, own, others) : []),
    { kind: "file", what: "job: stand by after a boot", ...bootJob(init, instance) },
    { kind: "job", what: "stand by after a boot", name: instance.bootJob, startNow: false },
    ...(fences
      ? ([
          { kind: "file", what: "job: fence itself when cut off", ...selfFenceJob(init, instance) },
          { kind: "job", what: "fence itself when cut off", name: instance.selfFenceJob, startNow: true },
        ] as const)
      : []),
    ...(hook?.file ? [{ kind: "file", what: "gate before each start", ...hook.file } as const] : []),
    ...(hook?.block ? [{ kind: "block", what: "gate before each start", ...hook.block } as const] : []),
  ];
  const notes = [
    ...(hook ? [] : [withoutHook(node)]),
    ...(notFencing === "" ? [] : [`It does not fence itself: ${notFencing}.`]),
    ...(offlineBoot === "last-holder" && !asks
      ? ["It never starts by itself: no node on another machine could be asked."]
      : []),
  ];
  return { node, instance, init, things, notes };
}

/** The user that a peer's key logs in as: root where the usual login would be asked for a password. */
export function peerAddress({ name, ssh, privilege }: EffectiveNode): PeerAddress {
  const asks = privilege.kind === "sudo" && privilege.password !== undefined;
  return { name, user: asks ? "root" : ssh.user, host: ssh.host, port: ssh.port };
}

/** What each peer's key may run on this node. */
function peerThings(
  service: EffectiveService,
  instance: Instance,
  { node, survey: { home } }: SurveyedNode,
  others: readonly SurveyedNode[],
): Thing[] {
  const hostKeys = others.flatMap(({ node: peer, survey }) => survey.hostKeys.map((key) => `${peer.name} ${key}\n`));
  const { user } = peerAddress(node);
  const prefix = user === "root" || node.privilege.kind === "none" ? "" : `${node.privilege.kind} -n `;
  const command = `${prefix}${LIBRARY}/peer-epoch ${instance.settings}`;
  return [
    {
      kind: "file",
      what: "host keys of its peers",
      path: `${instance.peers}/known_hosts`,
      content: hostKeys.join(""),
      mode: "600",
    },
    { kind: "key", what: "key that asks its peers", path: `${instance.peers}/key` },
    ...others.map(({ node: peer, survey }): Thing => {
      const line = `restrict,command="${command}" ${survey.peerKey} understudy ${service.name} ${peer.name}`;
      return {
        kind: "line",
        what: `${peer.name}'s key may ask for the epoch`,
        path: `${user === "root" ? "/root" : home}/.ssh/authorized_keys`,
        user,
        line: survey.peerKey === undefined ? undefined : line,
      };
    }),
  ];
}

/** The directories of what is made, outermost first. */
export function directoriesOf(things: readonly Thing[]): readonly string[] {
  const found = new Set<string>();
  for (const thing of things) {
    if (thing.kind === "job" || thing.kind === "line") continue;
    for (let at = posix.dirname(thing.path); at !== "/"; at = posix.dirname(at)) found.add(at);
  }
  return [...found].toSorted((a, b) => a.length - b.length);
}

function requireSupported(node: EffectiveNode, survey: Survey, instance: Instance): Init {
  const odd = [node.stateDirectory, node.dataDirectory, instance.name].find((word) => !PLAIN.test(word));
  if (odd !== undefined)
    throw unsupported(node, `"${odd}" has characters that a service file cannot hold`, "use a plainer path or name.");
  if (node.manager.kind === "commands" && /\n/.test(`${node.manager.start}${node.manager.stop}${node.manager.status}`))
    throw unsupported(node, "one of its commands has more than one line", "put it into a script of its own.");
  const missing = NEEDED.filter((tool) => !survey.tools.has(tool));
  if (missing.length > 0)
    throw unsupported(node, `${missing.join(", ")} is missing there`, "install it (util-linux, or busybox).");
  if (survey.init) return survey.init;
  throw unsupported(
    node,
    "it is run by neither systemd nor OpenRC, so nothing could make it stand by after a boot",
    "see that nothing starts Zigbee2MQTT at boot; the gate cannot be installed there.",
  );
}

function requirePeerTools(node: EffectiveNode, survey: Survey): void {
  const missing = ["ssh", "ssh-keygen"].filter((tool) => !survey.tools.has(tool));
  if (missing.length > 0) {
    throw unsupported(
      node,
      `${missing.join(", ")} is missing there, so it could not ask its peers`,
      "install OpenSSH's client and ssh-keygen, or set failover.offlineBoot: wait.",
    );
  }
}

function withoutHook({ manager, stateDirectory }: EffectiveNode): string {
  return manager.kind === "docker"
    ? "Docker has no place for the gate: `docker start` by hand is not refused. What boots is stopped and silenced all the same."
    : `Your own commands are not gated. Put this before the start of Zigbee2MQTT: ${LIBRARY}/gate ${stateDirectory} || exit 1`;
}

function unsupported(node: EffectiveNode, why: string, next: string): UnderstudyError {
  return new UnderstudyError("NODE_NOT_UNDERSTOOD", {
    node: node.name,
    what: `It cannot be set up: ${why}.`,
    next,
  });
}
