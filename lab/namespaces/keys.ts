import { createKeyPair } from "../hosts/keys.ts";
import type { KeyPair } from "../hosts/keys.ts";

/** Length of an Ed25519 public key in OpenSSH's form: two strings, "ssh-ed25519" and 32 bytes. */
const PUBLIC_BYTES = 4 + 11 + 4 + 32;

/**
 * A new Ed25519 key pair that OpenSSH accepts. ssh2's generator strips leading zero bytes of the public key; OpenSSH
 * refuses such a key, one of 256.
 */
export function createOpenSshKeyPair(): KeyPair {
  for (;;) {
    const pair = createKeyPair();
    const blob = Buffer.from(pair.public.split(" ")[1] ?? "", "base64");
    if (blob.length === PUBLIC_BYTES) return pair;
  }
}
