import { UnderstudyError } from "../../model/errors.ts";
import type { Host } from "../../hosts/host.ts";
import type { NodeConfig } from "../user-config.ts";

/** A value and where it comes from, in words a user understands ("found in /opt/zigbee2mqtt/data/configuration.yaml"). */
export interface Found<T> {
  readonly value: T;
  readonly source: string;
}

/** What every finder works with. */
export interface NodeContext {
  /** Runs commands as root where the node grants it (`privileged`). */
  readonly host: Host;
  readonly node: NodeConfig;
  readonly service: string;
  /** Home directory of the user that logs in; empty if the node does not tell. */
  readonly home: string;
  /** Takes what the user should know although it stops nothing, one sentence each. */
  readonly warn: (warning: string) => void;
}

export const DEFAULT_SOURCE = "default";

/** The source of a value that understudy.yaml sets. `key` as in NodeConfig.setAt. */
export function setInFile(setAt: Readonly<Record<string, number>>, key: string): string {
  const line = setAt[key];
  return line === undefined ? "set in understudy.yaml" : `set in understudy.yaml line ${line}`;
}

/** The error for a node on which something cannot be made out. `next` names the key that settles it. */
export function notUnderstood(node: string, what: string, next: string, cause?: unknown): UnderstudyError {
  return new UnderstudyError("NODE_NOT_UNDERSTOOD", { node, what, next, cause });
}
