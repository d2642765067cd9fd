import type { ServiceManagerConfig } from "../config/effective.ts";
import { LIBRARY, RUN } from "./instance.ts";
import type { Instance } from "./instance.ts";

/** What starts a node's own jobs. */
export type Init = "systemd" | "openrc";

export interface WantedFile {
  readonly path: string;
  readonly content: string;
  readonly mode: string;
}

/** Lines of ours in a file that belongs to somebody else. */
export interface WantedBlock {
  readonly path: string;
  readonly lines: readonly string[];
}

const WRITTEN_BY = "Written by `understudy setup`, removed by `understudy teardown`.";

/** The hook that asks the gate before each start of the service; undefined where the service manager has no place for one. */
export function gateHook(
  manager: ServiceManagerConfig,
  stateDirectory: string,
): { readonly file?: WantedFile; readonly block?: WantedBlock } | undefined {
  const gate = `${LIBRARY}/gate ${stateDirectory}`;
  if (manager.kind === "systemd") {
    const unit = /\.[a-z]+$/.test(manager.unit) ? manager.unit : `${manager.unit}.service`;
    // A start that is refused has to fail: with ExecCondition `systemctl start` would say nothing and exit with 0.
    const content = `# ${WRITTEN_BY}\n[Service]\nExecStartPre=+${gate}\n`;
    return { file: { path: `/etc/systemd/system/${unit}.d/understudy.conf`, content, mode: "644" } };
  }
  if (manager.kind === "openrc") {
    // openrc-run reads this file before the service's own script, whose functions would replace any of ours; which command
    // it is to carry out it tells nobody but its own command line.
    const lines = [
      `# ${WRITTEN_BY}`,
      `case " $(tr '\\0' ' ' </proc/$$/cmdline) " in`,
      `*" start "*) ${gate} || exit 1 ;;`,
      "esac",
    ];
    return { block: { path: `/etc/conf.d/${manager.name}`, lines } };
  }
  return undefined;
}

/** The job that runs once after each boot. */
export function bootJob(init: Init, { name, settings, bootJob: job }: Instance): WantedFile {
  const program = `${LIBRARY}/boot ${settings}`;
  if (init === "systemd") {
    return unit(job, `Understudy: ${name} stands by after a boot`, [`ExecStart=${program}`, "Restart=on-failure"]);
  }
  const pid = `${RUN}/${name}.boot.pid`;
  return openrcScript(job, [
    `description="Understudy: ${name} stands by after a boot"`,
    "",
    "start() {",
    '\tebegin "Standing by until Understudy says otherwise"',
    `\tmkdir -p ${RUN}`,
    `\tsetsid sh -c 'echo $$ >${pid}; exec ${program}' </dev/null >/dev/null 2>&1 &`,
    "\teend 0",
    "}",
    "",
    "stop() {",
    `\t[ ! -e ${pid} ] || kill "$(cat ${pid})" 2>/dev/null`,
    `\trm -f ${pid}`,
    "\teend 0",
    "}",
  ]);
}

/** The job that watches for ever whether the node is cut off. */
export function selfFenceJob(init: Init, { name, settings, selfFenceJob: job }: Instance): WantedFile {
  const program = `${LIBRARY}/self-fence`;
  const description = `Understudy: ${name} fences itself when it is cut off`;
  if (init === "systemd") return unit(job, description, [`ExecStart=${program} ${settings}`, "Restart=always"]);
  return openrcScript(job, [
    `description="${description}"`,
    "supervisor=supervise-daemon",
    `command=${program}`,
    `command_args=${settings}`,
    `pidfile=/run/${job}.pid`,
    "respawn_delay=5",
    "respawn_max=0",
  ]);
}

function unit(job: string, description: string, service: readonly string[]): WantedFile {
  const content = [
    `# ${WRITTEN_BY}`,
    "[Unit]",
    `Description=${description}`,
    "After=network.target",
    "StartLimitIntervalSec=0",
    "",
    "[Service]",
    ...service,
    "RestartSec=5",
    // What it started is not its own: it stays when the job ends.
    "KillMode=process",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  ];
  return { path: `/etc/systemd/system/${job}.service`, content: `${content.join("\n")}\n`, mode: "644" };
}

function openrcScript(job: string, lines: readonly string[]): WantedFile {
  const content = ["#!/sbin/openrc-run", `# ${WRITTEN_BY}`, ...lines, "", "depend() {", "\tafter net sshd", "}"];
  return { path: `/etc/init.d/${job}`, content: `${content.join("\n")}\n`, mode: "755" };
}
