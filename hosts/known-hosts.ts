import { createHash, createHmac, timingSafeEqual } from "node:crypto";

/** One line of a known_hosts file that names a key. */
export interface KnownHostsEntry {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly marker: "none" | "revoked" | "cert-authority";
  /** The host patterns as written, or one hashed name. */
  readonly hosts: string;
  readonly keyType: string;
  readonly key: Buffer;
}

export interface KnownHostsFile {
  readonly path: string;
  readonly text: string;
}

export type HostKeyVerdict =
  | { readonly kind: "trusted" }
  /** No line knows this host with this type of key. */
  | { readonly kind: "unknown"; readonly ignoredCertificateAuthorities: number }
  /** The host is known with another key of the same type. */
  | { readonly kind: "changed"; readonly known: KnownHostsEntry }
  | { readonly kind: "revoked"; readonly by: KnownHostsEntry };

const MARKERS = { "@revoked": "revoked", "@cert-authority": "cert-authority" } as const;

/** Reads known_hosts files (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). Lines that cannot be understood are skipped: they can trust nothing. */
export function parseKnownHosts(files: readonly KnownHostsFile[]): KnownHostsEntry[] {
  return files.flatMap((file) =>
    file.text.split("\n").flatMap((line, index) => {
      const entry = parseLine(line, file.path, index + 1);
      return entry ? [entry] : [];
    }),
  );
}

function parseLine(text: string, file: string, line: number): KnownHostsEntry | undefined {
  const fields = text.trim().split(/\s+/);
  if (fields[0] === "" || fields[0]?.startsWith("#")) return undefined;
  const marker = readMarker(fields[0] ?? "");
  if (marker === undefined) return undefined;
  const [hosts, keyType, base64] = marker === "none" ? fields : fields.slice(1);
  if (!hosts || !keyType || !base64) return undefined;
  const key = Buffer.from(base64, "base64");
  // The type stands a second time inside the key; a line where the two differ is damaged.
  if (keyTypeOf(key) !== keyType) return undefined;
  return { file, line, marker, hosts, keyType, key };
}

function readMarker(field: string): KnownHostsEntry["marker"] | undefined {
  if (!field.startsWith("@")) return "none";
  return MARKERS[field as keyof typeof MARKERS];
}

/** The type inside a public key in SSH's wire format, such as "ssh-ed25519"; undefined for anything else. */
export function keyTypeOf(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  const length = key.readUInt32BE(0);
  return length > 0 && 4 + length <= key.length ? key.toString("latin1", 4, 4 + length) : undefined;
}

/** The fingerprint as `ssh` and `ssh-keygen -l` print it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

/** The name under which known_hosts lists a host: plain on port 22, `[host]:port` elsewhere. */
export function knownHostsName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/**
 * Judges the key that a host has shown. A revoking line wins over every other; a key of a type that no line has for this host is unknown, not
 * changed, as in OpenSSH. Certificate authorities are ignored (host certificates are not supported), so they neither trust nor refuse.
 */
export function judgeHostKey(
  entries: readonly KnownHostsEntry[],
  host: string,
  port: number,
  key: Buffer,
): HostKeyVerdict {
  const matching = entries.filter((entry) => matchesHost(entry.hosts, host, port));
  const revoked = matching.find((entry) => entry.marker === "revoked" && entry.key.equals(key));
  if (revoked) return { kind: "revoked", by: revoked };
  const plain = matching.filter((entry) => entry.marker === "none");
  if (plain.some((entry) => entry.key.equals(key))) return { kind: "trusted" };
  const known = plain.find((entry) => entry.keyType === keyTypeOf(key));
  if (known) return { kind: "changed", known };
  return {
    kind: "unknown",
    ignoredCertificateAuthorities: matching.filter((entry) => entry.marker === "cert-authority").length,
  };
}

/** The types of key by which a host is known: a server should be asked for one of these first. */
export function knownKeyTypes(entries: readonly KnownHostsEntry[], host: string, port: number): string[] {
  const matching = entries.filter((entry) => entry.marker === "none" && matchesHost(entry.hosts, host, port));
  return [...new Set(matching.map((entry) => entry.keyType))];
}

function matchesHost(hosts: string, host: string, port: number): boolean {
  const name = knownHostsName(host, port);
  return hosts.startsWith("|") ? matchesHashedName(hosts, name) : matchesPatterns(hosts, name);
}

/** `|1|salt|hash`, the hash being HMAC-SHA1 of the name with the salt as its key. */
function matchesHashedName(hashed: string, name: string): boolean {
  const [, version, salt, hash] = hashed.split("|");
  if (version !== "1" || !salt || !hash) return false;
  const expected = Buffer.from(hash, "base64");
  const actual = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

/** A comma-separated list; one matching `!pattern` refuses the whole line. */
function matchesPatterns(patterns: string, name: string): boolean {
  let matched = false;
  for (const pattern of patterns.toLowerCase().split(",")) {
    if (pattern.startsWith("!")) {
      if (matchesWildcards(pattern.slice(1), name)) return false;
    } else if (matchesWildcards(pattern, name)) {
      matched = true;
    }
  }
  return matched;
}

function matchesWildcards(pattern: string, name: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${expression}$`).test(name);
}
