import type { Client } from "@temporalio/client";
import type { Home } from "../../../lab/home/home.ts";
import type { HomeNode } from "../../../lab/home/node.ts";

/** A node as the auditor sees it: from outside, by its files and its radio. */
export interface WatchedNode {
  readonly name: string;
  readonly home: HomeNode;
  /** Of the present boot; undefined while the host is off. */
  bootId(): string | undefined;
  /** Where this process finds a file of the node. */
  outside(path: string): string;
}

/** All that the auditor looks at. It shares no code with what it judges. */
export interface Watched {
  readonly home: Home;
  readonly nodes: readonly WatchedNode[];
  readonly temporal: Client;
  readonly service: string;
}
