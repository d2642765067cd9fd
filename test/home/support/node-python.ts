import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Home } from "../../../lab/home/home.ts";
import type { HomeNode } from "../../../lab/home/node.ts";
import { setForService } from "./service-settings.ts";

/** Where a node's own Python is. */
export function pythonOf(node: HomeNode): string {
  return join(node.host.directory, "python");
}

/**
 * Gives each node a Python of its own, which runs the real one. Returns a function that lets one node's Python run a line
 * of sh before that, in which `$*` is what it is asked to do; that returns a function which mends it.
 */
export function giveOwnPythons(home: Home): (node: HomeNode, line: string) => () => void {
  const settings = parse(readFileSync(home.configFile, "utf8")) as {
    services: { zigbee: { node: { coordinator: { python: string } } } };
  };
  const real = settings.services.zigbee.node.coordinator.python;
  const write = (node: HomeNode, line: string) =>
    writeFileSync(pythonOf(node), `#!/bin/sh\n${line}\nexec '${real}' "$@"\n`, { mode: 0o755 });
  for (const node of home.nodes) write(node, "");
  setForService(
    home,
    home.nodes.map((node, index) => [["nodes", index, "coordinator", "python"], pythonOf(node)]),
  );
  return (node, line) => {
    write(node, line);
    return () => write(node, "");
  };
}
