import { UnderstudyError } from "../../model/errors.ts";
import type { Host } from "../../hosts/host.ts";
import type { Privilege } from "../effective.ts";
import type { NodeConfig } from "../user-config.ts";
import { ask, toRecords } from "./ask.ts";
import { setInFile, type Found } from "./found.ts";

/** Prints the user's id, home, and which of sudo and doas start a shell as root without asking. */
const IDENTITY_SCRIPT = `
printf 'uid\\0%s\\0home\\0%s\\0' "$(id -u)" "$HOME"
for tool in sudo doas; do
  command -v "$tool" >/dev/null 2>&1 || continue
  if "$tool" -n sh -c true </dev/null >/dev/null 2>&1; then
    printf 'works\\0%s\\0' "$tool"
  else
    printf 'asks\\0%s\\0' "$tool"
  fi
done
`;

export interface Identity {
  readonly root: boolean;
  /** Absolute, or empty if the node does not tell. */
  readonly home: string;
  readonly works: readonly string[];
  readonly asks: readonly string[];
}

/** Who logs in at the node, and how it becomes root. `host` must not use any privilege yet. */
export async function askIdentity(host: Host): Promise<Identity> {
  const fields = await ask(host, { script: IDENTITY_SCRIPT, privileged: false, about: "who is logged in" });
  const records = toRecords(fields, { uid: 1, home: 1, works: 1, asks: 1 });
  const of = (kind: string): string[] =>
    records.filter((record) => record.kind === kind).map((record) => record.values[0] ?? "");
  const home = of("home")[0] ?? "";
  return { root: of("uid")[0] === "0", home: home.startsWith("/") ? home : "", works: of("works"), asks: of("asks") };
}

/** How commands that need root are to be run on this node. */
export function choosePrivilege(
  node: NodeConfig,
  identity: Identity,
  warn: (warning: string) => void,
): Found<Privilege> {
  if (node.privilege !== "auto") {
    const source = setInFile(node.setAt, "privilege");
    if (node.privilege === "sudo") return { value: { kind: "sudo", password: node.sudoPassword }, source };
    return { value: { kind: node.privilege }, source };
  }
  if (identity.root) return { value: { kind: "none" }, source: "found: the login is root" };
  if (identity.works.includes("sudo"))
    return { value: { kind: "sudo" }, source: "found: sudo works without a password" };
  if (node.sudoPassword !== undefined)
    return { value: { kind: "sudo", password: node.sudoPassword }, source: setInFile(node.setAt, "sudoPassword") };
  if (identity.works.includes("doas"))
    return { value: { kind: "doas" }, source: "found: doas works without a password" };
  if (identity.asks.length > 0) {
    throw new UnderstudyError("PRIVILEGE_REFUSED", {
      node: node.name,
      what: `${node.ssh.user} is not root, and ${identity.asks.join(" and ")} will not start a shell as root without a password.`,
      next:
        identity.asks.includes("sudo") && node.ssh.user !== ""
          ? `set sudoPassword for this node, allow "${node.ssh.user} ALL=(root) NOPASSWD: ALL" with visudo, or set privilege: none if root is not needed.`
          : `allow "permit nopass ${node.ssh.user} as root" in doas.conf, or set privilege: none if root is not needed.`,
    });
  }
  warn(
    `${node.ssh.user} is not root and there is neither sudo nor doas: everything must be permitted to that user itself.`,
  );
  return { value: { kind: "none" }, source: "found: neither sudo nor doas is there" };
}
