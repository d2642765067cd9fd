import { UnderstudyError } from "../model/errors.ts";
import type { SshTarget } from "../config/effective.ts";
import { fingerprint, keyTypeOf, knownHostsName, type HostKeyVerdict } from "./known-hosts.ts";

type Refusal = Exclude<HostKeyVerdict, { kind: "trusted" }>;

/** The error for a host key that is not trusted, with the command that mends it. The commands run on the machine that runs the worker. */
export function hostKeyError(node: string, target: SshTarget, key: Buffer, refusal: Refusal): UnderstudyError {
  const name = knownHostsName(target.host, target.port);
  const shown = `${keyTypeOf(key) ?? "unreadable"} key ${fingerprint(key)}`;
  if (refusal.kind === "revoked") {
    return new UnderstudyError("HOST_KEY_REVOKED", {
      node,
      what: `${name} shows the ${shown}, which ${refusal.by.file} line ${refusal.by.line} revokes, so this may not be the machine it claims to be.`,
      next: `give the machine a new host key (on it: rm /etc/ssh/ssh_host_*_key*; ssh-keygen -A; restart sshd), then: ${learnCommand(target)}`,
    });
  }
  if (refusal.kind === "changed") {
    return new UnderstudyError("HOST_KEY_CHANGED", {
      node,
      what: `${name} shows the ${shown}, but ${refusal.known.file} line ${refusal.known.line} knows it by ${fingerprint(refusal.known.key)}; it was reinstalled, or another machine answers in its place.`,
      next: `if you know why, compare the fingerprint on the machine itself, then: ${forgetCommand(target, refusal.known.file)} && ${learnCommand(target)}`,
    });
  }
  const ignored =
    refusal.ignoredCertificateAuthorities > 0
      ? " Its @cert-authority lines do not count: host certificates are not supported."
      : "";
  return new UnderstudyError("HOST_KEY_UNKNOWN", {
    node,
    what: `${name} shows the ${shown}, which no known_hosts file lists (${target.knownHostsFiles.join(", ") || "none is configured"}).${ignored}`,
    next: `compare the fingerprint on the machine itself (ssh-keygen -lf on its /etc/ssh/ssh_host_*_key.pub), then: ${learnCommand(target)}`,
  });
}

function forgetCommand(target: SshTarget, file: string): string {
  return `ssh-keygen -R ${quoteForReader(knownHostsName(target.host, target.port))} -f ${quoteForReader(file)}`;
}

/** ssh-keyscan cannot go through a jump host, ssh itself can. */
function learnCommand(target: SshTarget): string {
  const file = quoteForReader(target.knownHostsFiles[0] ?? "~/.ssh/known_hosts");
  if (!target.jump) return `ssh-keyscan -p ${target.port} ${quoteForReader(target.host)} >> ${file}`;
  const { jump } = target;
  return `ssh -o UserKnownHostsFile=${file} -J ${quoteForReader(`${jump.user}@${jump.host}:${jump.port}`)} -p ${target.port} ${quoteForReader(`${target.user}@${target.host}`)} true`;
}

/** Quotes a word for the commands that we print, leaving plain words as a person would type them. */
function quoteForReader(word: string): string {
  return /^~?[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
