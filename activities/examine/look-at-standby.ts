import type { EffectiveNode, SshTarget } from "../../config/effective.ts";
import type { Host } from "../../hosts/host.ts";
import { addressOf, nodeReaches } from "../../hosts/reach.ts";
import type { Evidence, Seen } from "../../model/evidence.ts";
import { within } from "./within.ts";

type StandbyView = Evidence["standbys"][number];

/** For a login and two connections that may both time out. */
const SSH_MS = 5_500;
const CONNECT_MS = 2_000;
/** What sshd says first: a frozen machine accepts connections, and says nothing. */
const SSH_GREETING = "SSH-";

export interface LookedAtStandby {
  readonly name: string;
  readonly ssh: SshTarget;
  readonly find: (signal: AbortSignal) => Promise<{ node: EffectiveNode; host: Host }>;
}

/** How a standby sees the broker and the active node. Never rejects for what it could not see. */
export function lookAtStandby(standby: LookedAtStandby, active: SshTarget, signal: AbortSignal): Promise<StandbyView> {
  const { name } = standby;
  const unseen = { node: name, brokerReachable: "unknown", reachesActive: "unknown" } as const;
  return within<StandbyView>(
    SSH_MS,
    signal,
    async (limit) => {
      const { node, host } = await standby.find(limit);
      await host.run("exit 0", { timeoutMs: SSH_MS, signal: limit });
      const options = { python: node.coordinator.python, timeoutMs: CONNECT_MS, signal: limit };
      const broker = addressOf(node.mqttServer);
      const [brokerReachable, reachesActive]: [Seen, Seen] = await Promise.all([
        broker ? nodeReaches(host, broker, options) : "unknown",
        sharesAddress(standby.ssh, active)
          ? nodeReaches(host, active, { ...options, greeting: SSH_GREETING })
          : "unknown",
      ]);
      return { node: name, reachable: "yes", brokerReachable, reachesActive };
    },
    () => ({ ...unseen, reachable: "no" }),
  );
}

/** Whether the active node's address means the same machine to the standby as to us. */
function sharesAddress(standby: SshTarget, active: SshTarget): boolean {
  if (active.jump) return false;
  return !isLoopback(active.host) || isLoopback(standby.host);
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|::1)$/i.test(host);
}
