import { UnderstudyError } from "../../model/errors.ts";
import type { Host } from "../host.ts";
import { START_TIME } from "../process-identity.ts";
import type { Autostart, DriverStatus, ServiceDriver } from "./driver.ts";

/**
 * Prints rc-service's exit status, then the processes that OpenRC has noted and that live: the daemon of supervise-daemon or of a pid file, and the supervisor.
 * OpenRC may go on saying "started" of a service whose process was killed.
 */
const STATUS = `
LC_ALL=C; export LC_ALL
${START_TIME}
command -v rc-service >/dev/null || exit 127
rc-service -e "$1" || exit 44
rc-service "$1" status >/dev/null 2>&1
echo "status $?"
options=/run/openrc/options/$1
child=$(cat "$options/child_pid" 2>/dev/null)
file=$(cat "$options/pidfile" 2>/dev/null || cat "/run/openrc/daemons/$1/"* 2>/dev/null | sed -n 's/^pidfile=//p' | tail -n 1)
main=
[ -z "$file" ] || main=$(head -n 1 "$file" 2>/dev/null)
note() {
  case $2 in ''|*[!0-9]*) return ;; esac
  if [ -n "$(start_time "$2")" ]; then echo "$1 $2"; else echo "dead $2"; fi
}
if [ -n "$child" ]; then
  note daemon "$child"
  note supervisor "$main"
else
  note daemon "$main"
fi`;

const AUTOSTART = `
rc-update show | awk -v name="$1" -F'|' '{ gsub(/^ +| +$/, "", $1); if ($1 == name) print "runlevels" $2 }'
grep -Eqs '^[^#]*supervisor[:=].*supervise-daemon' "/etc/conf.d/$1" "/etc/init.d/$1" && echo supervised
true`;

/** rc-service's exit statuses for \`status\`. */
const STATES: Readonly<Record<number, string>> = {
  0: "started",
  3: "stopped",
  4: "stopping",
  8: "starting",
  16: "inactive",
  32: "crashed",
};

/** Services of OpenRC, as on Alpine. */
export function openrcDriver(host: Host, name: string): ServiceDriver {
  const status = async (signal?: AbortSignal): Promise<DriverStatus> => {
    const result = await host.run(STATUS, { args: [name], privileged: true, signal });
    if (result.code === 127 || result.code === 44) throw notThere(host, name, result.code);
    return judge(result.stdout.toString("latin1"));
  };
  const command = async (verb: string, signal: AbortSignal | undefined, timeoutMs: number): Promise<number> => {
    const script = 'rc-service "$1" "$2" >/dev/null 2>&1 </dev/null';
    return (await host.run(script, { args: [name, verb], privileged: true, exclusive: true, signal, timeoutMs })).code;
  };
  return {
    name: `the OpenRC service ${name}`,
    inspect: `rc-service ${name} status; tail /var/log/messages`,
    status,
    requestStart: async (signal) => {
      // A service that OpenRC believes to be running would not be started.
      if ((await status(signal)).state === "failed") await command("zap", signal, 10_000);
      return command("start", signal, 60_000);
    },
    requestStop: (signal, timeoutMs) => command("stop", signal, timeoutMs),
    acknowledgeGone: async (signal) => void (await command("zap", signal, 10_000)),
    autostart: async (signal) => {
      const result = await host.run(AUTOSTART, { args: [name], privileged: true, signal });
      if (result.code !== 0) throw notThere(host, name, result.code);
      return readAutostart(name, result.stdout.toString("latin1"));
    },
  };
}

function judge(printed: string): DriverStatus {
  const value = (word: string): number | undefined => {
    const text = new RegExp(`^${word} (\\d+)$`, "m").exec(printed)?.[1];
    return text === undefined ? undefined : Number(text);
  };
  const code = value("status");
  const word = STATES[code ?? -1] ?? `status ${code}`;
  const pid = value("daemon");
  const dead = value("dead");
  const supervised = value("supervisor") !== undefined;
  if (word === "stopped" && pid !== undefined)
    return { state: "unknown", pid, detail: `stopped, yet process ${pid} lives`, atRest: false };
  if (word === "stopped") return { state: "stopped", detail: word, atRest: true };
  if (word === "started" && (pid !== undefined || dead === undefined))
    return { state: "running", pid, detail: word, atRest: false };
  if (word === "started" || word === "crashed")
    return { state: "failed", pid, detail: "crashed", atRest: pid === undefined && !supervised };
  return { state: "unknown", pid, detail: word, atRest: false };
}

function readAutostart(name: string, printed: string): Autostart[] {
  const found: Autostart[] = [];
  for (const runlevel of /^runlevels(.*)$/m.exec(printed)?.[1]?.split(/\s+/).filter(Boolean) ?? []) {
    found.push({
      starts: "at boot",
      how: `OpenRC's runlevel ${runlevel} starts ${name}`,
      mend: `rc-update del ${name} ${runlevel}`,
    });
  }
  if (/^supervised$/m.test(printed)) {
    found.push({
      starts: "after a crash",
      how: `supervise-daemon starts ${name} again whenever it ends`,
      mend: `in /etc/init.d/${name} (or /etc/conf.d/${name}) replace supervisor=supervise-daemon by command_background=true and pidfile=/run/${name}.pid`,
    });
  }
  return found;
}

function notThere(host: Host, name: string, code: number): UnderstudyError {
  return new UnderstudyError("NODE_NOT_UNDERSTOOD", {
    node: host.name,
    what: code === 44 ? `OpenRC has no service ${name}.` : `OpenRC cannot be asked for ${name} (exit status ${code}).`,
    next:
      code === 44
        ? "name the service as `rc-service --list` on the node does."
        : "set this node's service manager in understudy.yaml.",
  });
}
