const USER = "[A-Za-z_][A-Za-z0-9._-]*";
const HOST = "[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?";
const IPV6 = "[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9._-]+)?";

export const USER_PATTERN = new RegExp(`^${USER}$`);

/** A host name, an IPv4 or an IPv6 address (without brackets). */
export const HOST_PATTERN = new RegExp(`^(?:${HOST}|${IPV6})$`);

/** `user@host`, `user@host:port`, `user@[IPv6]:port`. The port's range is checked apart. */
export const ADDRESS_PATTERN = new RegExp(`^${USER}@(?:${HOST}|\\[${IPV6}\\])(?::[0-9]{1,5})?$`);

export interface NodeAddress {
  readonly user: string;
  /** Without brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

/** Splits what ADDRESS_PATTERN accepts; undefined for anything else or a port outside 1 … 65535. */
export function parseNodeAddress(text: string): NodeAddress | undefined {
  if (!ADDRESS_PATTERN.test(text)) return undefined;
  const at = text.indexOf("@");
  const rest = text.slice(at + 1);
  const portAt = rest.lastIndexOf(":") > rest.lastIndexOf("]") ? rest.lastIndexOf(":") : rest.length;
  const port = portAt < rest.length ? Number(rest.slice(portAt + 1)) : undefined;
  if (port !== undefined && (port < 1 || port > 65_535)) return undefined;
  const host = rest.slice(0, portAt).replace(/^\[|\]$/g, "");
  return { user: text.slice(0, at), host, port };
}
