import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { NodeConnection } from "../../../config/discover.ts";
import type { Host, RunOptions, RunResult } from "../../../hosts/host.ts";

/** What a node looks like. Absolute paths are those of the node. */
export interface NodeTree {
  readonly files?: Readonly<Record<string, string>>;
  /** Executable files, such as those in /etc/init.d. */
  readonly executables?: Readonly<Record<string, string>>;
  readonly directories?: readonly string[];
  /** Symbolic links; an absolute target is one of the node's paths. */
  readonly links?: Readonly<Record<string, string>>;
  /** Programs on the node's PATH, as the body of a shell script. */
  readonly commands?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly shell?: Shell;
}

export type Shell = "sh" | "busybox";

export interface FakeNode {
  /** Answers every connection to this node and notes how it was asked. */
  connect(connection: NodeConnection): Host;
  readonly connections: NodeConnection[];
  readonly open: () => number;
  remove(): Promise<void>;
}

const TOOLS = ["cat", "grep", "head", "readlink", "sed", "tr"];
const NODE_PATH =
  /(?<![\w/.$}])\/(?!dev\/null)(?=(?:dev|etc|home|opt|proc|root|run|sbin|srv|sys|tmp\/lab|usr|var)(?:\/|$))/g;

/**
 * A node in a directory: scripts run on this machine's shell with the node's paths moved below the directory, and with
 * nothing on PATH but a few tools and the node's own programs.
 */
export async function fakeNode(tree: NodeTree): Promise<FakeNode> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "understudy-node-")));
  const inside = (path: string): string => (path.startsWith("/") ? root + path : path);
  const write = async (path: string, content: string, mode: number): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
    await chmod(path, mode);
  };
  for (const [path, content] of Object.entries(tree.files ?? {})) await write(inside(path), content, 0o644);
  for (const [path, content] of Object.entries(tree.executables ?? {})) await write(inside(path), content, 0o755);
  for (const path of ["/home/pi", ...(tree.directories ?? [])]) await mkdir(inside(path), { recursive: true });
  for (const [path, target] of Object.entries(tree.links ?? {})) {
    await mkdir(dirname(inside(path)), { recursive: true });
    await symlink(inside(target), inside(path));
  }
  const programs = join(root, "programs");
  await mkdir(programs);
  const shell = tree.shell ?? "sh";
  for (const tool of TOOLS)
    await symlink(shell === "busybox" ? "/usr/bin/busybox" : `/usr/bin/${tool}`, join(programs, tool));
  const commands = { id: `echo ${tree.uid ?? 0}`, ...tree.commands };
  for (const [name, body] of Object.entries(commands)) await write(join(programs, name), `#!/bin/sh\n${body}\n`, 0o755);

  // Debian's busybox prefers its own id to the one on PATH.
  const identity = shell === "busybox" ? `id() { echo ${tree.uid ?? 0}; }\n` : "";
  const connections: NodeConnection[] = [];
  let open = 0;
  const runScript = (script: string, options: RunOptions): Promise<RunResult> =>
    new Promise((resolve) => {
      const [program, ...first] = shell === "busybox" ? ["/usr/bin/busybox", "ash"] : ["/bin/sh"];
      const args = [
        ...first,
        "-c",
        identity + script.replaceAll(NODE_PATH, `${root}/`),
        "sh",
        ...(options.args ?? []).map(inside),
      ];
      const env = { PATH: programs, HOME: join(root, "home/pi") };
      execFile(
        program ?? "/bin/sh",
        args,
        { encoding: "buffer", env, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          const code = typeof error?.code === "number" ? error.code : error ? 126 : 0;
          const text = Buffer.from(stdout.toString("latin1").replaceAll(root, ""), "latin1");
          resolve({ code, stdout: text, stderr: stderr.toString() });
        },
      );
    });

  return {
    connections,
    open: () => open,
    connect(connection) {
      connections.push(connection);
      open += 1;
      return {
        name: connection.name,
        run: (script, options = {}) => runScript(script, options),
        forward: () => Promise.reject(new Error("a stand-in forwards nothing")),
        async close() {
          open -= 1;
        },
      };
    },
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** A USB stick as Linux shows it: sysfs entries, the device, and with `byId` udev's link. */
export function stick(
  tty: string,
  facts: { serial?: string; manufacturer: string; product: string; byId?: string },
): Pick<NodeTree, "files" | "links"> {
  const device = `/sys/devices/platform/soc/usb1/1-1/${tty}-usb`;
  const port = tty.startsWith("ttyUSB") ? `${device}/1-1:1.0/${tty}` : `${device}/1-1:1.0`;
  return {
    files: {
      [`/dev/${tty}`]: "",
      [`${device}/idVendor`]: "10c4\n",
      [`${device}/manufacturer`]: `${facts.manufacturer}\n`,
      [`${device}/product`]: `${facts.product}\n`,
      ...(facts.serial === undefined ? {} : { [`${device}/serial`]: `${facts.serial}\n` }),
      [`${port}/uevent`]: "",
      [`/sys/class/tty/${tty}/dev`]: "188:0\n",
    },
    links: {
      [`/sys/class/tty/${tty}/device`]: port,
      ...(facts.byId === undefined ? {} : { [`/dev/serial/by-id/${facts.byId}`]: `../../${tty}` }),
    },
  };
}

/** Lays several descriptions of a node over one another. */
export function joined(...trees: readonly NodeTree[]): NodeTree {
  return trees.reduce((all, tree) => ({
    ...all,
    ...tree,
    files: { ...all.files, ...tree.files },
    executables: { ...all.executables, ...tree.executables },
    links: { ...all.links, ...tree.links },
    commands: { ...all.commands, ...tree.commands },
    directories: [...(all.directories ?? []), ...(tree.directories ?? [])],
  }));
}
