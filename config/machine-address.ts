import { networkInterfaces } from "node:os";

/** Host names and addresses of the machine that this program runs on, as far as they can be told without a look-up. */
export function ownAddresses(): ReadonlySet<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  return new Set(addresses.map(normalHost));
}

/** A host in one spelling: lower case, without brackets, zone and final dot; localhost as 127.0.0.1. */
export function normalHost(host: string): string {
  const plain = host
    .toLowerCase()
    .replace(/^\[|\]$/g, "")
    .replace(/%.*$/, "")
    .replace(/\.$/, "");
  return plain === "localhost" || plain === "::1" ? "127.0.0.1" : plain;
}

/** The host of a URL such as mqtt://10.0.0.4:1883; undefined where there is none. */
export function hostOfUrl(url: string): string | undefined {
  const host = /^[a-z]+:\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/]+)/i.exec(url)?.[1];
  return host === undefined ? undefined : normalHost(host);
}

/**
 * Whether two hosts of the configuration are the same machine, as far as their spelling and our own addresses (`own`) tell.
 * Two loopback addresses are told apart: they are what several hosts on one machine have.
 */
export function isSameMachine(a: string, b: string, own: ReadonlySet<string>): boolean {
  const [left, right] = [normalHost(a), normalHost(b)];
  if (left === right) return true;
  if (isLoopback(left) && isLoopback(right)) return false;
  const here = (host: string) => isLoopback(host) || own.has(host);
  return here(left) && here(right);
}

/** Whether a host of the configuration is the machine that this program runs on. */
export function isThisMachine(host: string, own: ReadonlySet<string>): boolean {
  return isLoopback(normalHost(host)) || own.has(normalHost(host));
}

function isLoopback(host: string): boolean {
  return host.startsWith("127.");
}
