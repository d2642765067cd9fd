import { readNodeSide } from "../../node/facts.ts";
import type { Finding } from "../../workflows/contract.ts";
import type { NodeAccess } from "../support/world.ts";
import { passed, refused, run } from "./check.ts";

export interface CheckedNode {
  readonly at: NodeAccess;
  /** Undefined where it could not be found out. */
  readonly running: boolean | undefined;
  readonly findings: readonly Finding[];
}

/** What must hold on every node, whatever its role. */
export async function checkNode(at: NodeAccess, signal: AbortSignal): Promise<CheckedNode> {
  const { node } = at;
  let running: boolean | undefined;
  const findings = [
    ...(await run("privileges", node.name, () => checkPrivileges(at, signal))),
    ...(await run("state", node.name, async () => {
      const status = await at.manager.status(signal);
      running = status.state === "unknown" ? undefined : status.state === "running";
      if (running !== undefined) return passed("state", node.name, `${at.manager.describe()}: ${status.state}`);
      return refused(
        "state",
        node.name,
        `Whether ${at.manager.describe()} runs cannot be told (${status.detail}).`,
        "See what its service manager says on the node.",
      );
    })),
    ...(await run("autostart", node.name, () => checkAutostart(at, signal))),
    ...(await run("gate", node.name, () => checkGate(at, signal))),
    ...(await run("tool", node.name, () => checkTool(at, signal))),
  ];
  return { at, running, findings };
}

async function checkPrivileges({ host, node }: NodeAccess, signal: AbortSignal): Promise<Finding> {
  await host.run("true", { privileged: true, signal });
  return passed(
    "privileges",
    node.name,
    node.privilege.kind === "none" ? "works as the user who logs in" : `${node.privilege.kind} works`,
  );
}

/** I2: a node that boots, or whose service crashes, must stay standby. */
async function checkAutostart({ manager, node }: NodeAccess, signal: AbortSignal): Promise<Finding[]> {
  const starts = await manager.autostart(signal);
  if (starts.length === 0) return [passed("autostart", node.name, "nothing starts the service by itself")];
  return starts.map(({ starts: when, how, mend }) =>
    refused("autostart", node.name, `Something starts the service ${when} without being asked: ${how}.`, mend),
  );
}

/** A home may be handed over without it; what it misses is said. */
async function checkGate({ host, node }: NodeAccess, signal: AbortSignal): Promise<Finding> {
  const { gate } = await readNodeSide(host, node, signal);
  return passed(
    "gate",
    node.name,
    gate ? "it serves under a grant only" : "no gate keeps it from serving by itself: understudy setup installs one",
  );
}

async function checkTool(at: NodeAccess, signal: AbortSignal): Promise<Finding> {
  return at.node.coordinator.driver === "zstack" ? checkShellTools(at, signal) : checkZigpy(at, signal);
}

/** What our own driver needs for a serial port; every usual system has it. */
async function checkShellTools({ host, node }: NodeAccess, signal: AbortSignal): Promise<Finding> {
  const result = await host.run(
    'for tool in flock stty dd; do command -v $tool >/dev/null 2>&1 || { echo "$tool"; exit 1; }; done',
    { privileged: true, signal },
  );
  if (result.code === 0) return passed("tool", node.name, "the coordinator is reached over SSH");
  return refused(
    "tool",
    node.name,
    `The coordinator cannot be reached over SSH: ${result.stdout.toString("utf8").trim()} is not installed.`,
    `Install coreutils and util-linux (or busybox with them) on ${node.name}.`,
  );
}

async function checkZigpy({ host, node }: NodeAccess, signal: AbortSignal): Promise<Finding> {
  const { python } = node.coordinator;
  const result = await host.run('"$1" -c "import zigpy_znp"', {
    args: [python],
    privileged: true,
    timeoutMs: 60_000,
    signal,
  });
  if (result.code === 0) return passed("tool", node.name, `zigpy-znp is installed for ${python}`);
  return refused(
    "tool",
    node.name,
    result.code === 1
      ? `zigpy-znp is not installed for ${python}.`
      : `${python} cannot be run (exit status ${result.code}).`,
    result.code === 1
      ? `Install it on ${node.name}: ${python} -m pip install zigpy-znp`
      : "Set coordinator.python of the node to a Python interpreter that has zigpy-znp.",
  );
}
