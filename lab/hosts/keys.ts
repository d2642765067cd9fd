import fs from "node:fs";
import ssh2 from "ssh2";

export interface KeyPair {
  /** OpenSSH private key, PEM. */
  readonly private: string;
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly public: string;
}

/** A new Ed25519 key pair in OpenSSH's formats. */
export function createKeyPair(): KeyPair {
  // One in some hundred that ssh2 makes is malformed, and refused by ssh2 itself.
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync("ed25519");
    const parsed = [pair.private, pair.public].map((text) => ssh2.utils.parseKey(text));
    if (!parsed.some((key) => key instanceof Error)) return pair;
  }
}

/** Writes a private key the way ssh wants it: readable by its owner only. */
export function writePrivateKey(file: string, key: KeyPair): void {
  fs.writeFileSync(file, key.private, { mode: 0o600 });
}

/** The line of a known_hosts file for a server on a port other than 22. */
export function knownHostsLine(port: number, key: KeyPair): string {
  return `[127.0.0.1]:${port} ${key.public}\n`;
}
