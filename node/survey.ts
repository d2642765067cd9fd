import type { EffectiveNode } from "../config/effective.ts";
import type { Host } from "../hosts/host.ts";
import { UnderstudyError } from "../model/errors.ts";
import type { Init } from "./hooks.ts";
import type { Instance } from "./instance.ts";

/** What must be known of a node before anything is planned for it. Nothing here changes it. */
export interface Survey {
  readonly init: Init | undefined;
  readonly tools: ReadonlySet<string>;
  /** This controller's address, as the node sees it; a jump host's where there is one. */
  readonly controller?: string;
  /** Home directory of the user who logs in. */
  readonly home: string;
  /** Public host keys of its SSH server, each as type and key. */
  readonly hostKeys: readonly string[];
  /** Public half of the key that it asks its peers with, once there is one. */
  readonly peerKey?: string;
}

const WHO = `printf 'controller %s\\nhome %s\\n' "\${SSH_CONNECTION%% *}" "$HOME"`;

const LOOK = `
LC_ALL=C; export LC_ALL
[ "$(id -u)" = 0 ] && echo root
if [ -d /run/systemd/system ]; then echo 'init systemd'; elif [ -e /run/openrc/softlevel ]; then echo 'init openrc'; fi
for tool in flock logger setsid sha256sum ssh ssh-keygen; do
  command -v "$tool" >/dev/null 2>&1 && echo "tool $tool"
done
for key in /etc/ssh/ssh_host_*_key; do
  [ -f "$key" ] || continue
  { cat "$key.pub" || ssh-keygen -y -f "$key"; } 2>/dev/null </dev/null | sed -n 's/^\\([a-z0-9@.-]* [A-Za-z0-9+/=]*\\).*/hostkey \\1/p'
done
sed -n 's/^\\([a-z0-9@.-]* [A-Za-z0-9+/=]*\\).*/peerkey \\1/p' "$1/key.pub" 2>/dev/null
exit 0`;

/** @throws UnderstudyError PRIVILEGE_REFUSED where root's rights cannot be had, and what Host.run throws. */
export async function surveyNode(host: Host, node: EffectiveNode, { peers }: Instance): Promise<Survey> {
  const who = await host.run(WHO);
  const look = await host.run(LOOK, { args: [peers], privileged: true });
  const lines = `${who.stdout.toString("utf8")}${look.stdout.toString("utf8")}`.split("\n");
  const all = (word: string) =>
    lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  if (!lines.includes("root")) {
    throw new UnderstudyError("PRIVILEGE_REFUSED", {
      node: node.name,
      what: "The gate belongs to root, and this node's configured privilege does not lead there.",
      next: "log in as root, or permit sudo or doas to the user who logs in.",
    });
  }
  const [init] = all("init");
  const [controller] = all("controller");
  return {
    init: init === "systemd" || init === "openrc" ? init : undefined,
    tools: new Set(all("tool")),
    ...(controller ? { controller } : {}),
    home: all("home")[0] ?? "",
    hostKeys: all("hostkey"),
    ...(all("peerkey")[0] ? { peerKey: all("peerkey")[0] } : {}),
  };
}
