import { readFile } from "node:fs/promises";
import { must } from "./command.ts";
import type { InitKind } from "./init-system.ts";
import type { HostFile, HostFiles, HostService } from "./host-service.ts";

export type Sudo =
  | { readonly kind: "passwordless" }
  | { readonly kind: "password"; readonly password: string }
  | { readonly kind: "none" };

export interface SystemOptions {
  readonly name: string;
  readonly address: string;
  readonly init: InitKind;
  readonly sudo: Sudo;
  readonly services: readonly HostService[];
  /** The server's host key, an OpenSSH private key. */
  readonly hostKey: string;
  /** Public keys that may log in as root and as pi. */
  readonly authorizedKeys: readonly string[];
}

/** The user that every host has besides root. */
export const USER = "pi";
const USER_ID = 1000;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const BUSYBOX_PATH = "/opt/busybox/bin";
/** What on Alpine comes from OpenRC, or would act on this system's own packages and users. */
const KEPT = new Set(["start-stop-daemon", "dpkg", "dpkg-deb", "rpm", "su"]);

/** The files that make a plain system a host of its own: names, users, keys, services. */
export async function systemFiles(options: SystemOptions): Promise<HostFiles> {
  const busybox = options.init === "busybox";
  const path = busybox ? `${BUSYBOX_PATH}:${PATH}` : PATH;
  const authorizedKeys = options.authorizedKeys.map((key) => `${key}\n`).join("");
  return {
    "/etc/hostname": `${options.name}\n`,
    "/etc/hosts": `127.0.0.1 localhost\n${options.address} ${options.name}\n`,
    "/etc/resolv.conf": "# This network has no name server.\n",
    "/etc/fstab": "",
    "/etc/motd": "",
    // Settings of this machine's shells and users are not the host's.
    "/etc/profile": `export PATH=${path}\n`,
    "/etc/environment": "",
    ...(await users(options.sudo, busybox ? `${BUSYBOX_PATH}/sh` : "/bin/sh")),
    "/etc/sudoers": { content: sudoers(options.sudo, path), mode: 0o440 },
    "/etc/ssh/sshd_config": sshdConfig(path),
    "/etc/ssh/ssh_host_ed25519_key": { content: options.hostKey, mode: 0o600 },
    "/root/.ssh/authorized_keys": { content: authorizedKeys, mode: 0o600 },
    "/etc/ssh/authorized_keys.pi": { content: authorizedKeys, mode: 0o644 },
    [`/home/${USER}/.profile`]: { content: "", owner: USER_ID },
    ...(options.init === "systemd" ? systemdFiles() : await openrcFiles()),
    ...(busybox ? await busyboxFiles() : {}),
    ...Object.assign({}, ...options.services.map((service) => serviceFiles(service, options.init))),
  };
}

async function openrcFiles(): Promise<HostFiles> {
  const power: HostFile = { content: await resource("power.sh"), mode: 0o755 };
  return {
    // OpenRC leaves hardware, clocks and cgroups alone in a container.
    "/etc/rc.conf": 'rc_sys="lxc"\nrc_controller_cgroups="NO"\nunicode="YES"\n',
    "/usr/lib/rc/bin/start-stop-daemon": { content: await resource("start-stop-daemon.sh"), mode: 0o755 },
    "/usr/local/sbin/reboot": power,
    "/usr/local/sbin/poweroff": power,
  };
}

function systemdFiles(): HostFiles {
  return {
    "/etc/systemd/system/default.target": { linkTo: "/lib/systemd/system/multi-user.target" },
    "/etc/machine-id": "",
    // The audit of the kernel is this machine's: leave it as it is.
    "/etc/systemd/journald.conf.d/lab.conf": "[Journal]\nAudit=\n",
    "/etc/systemd/system/systemd-journald-audit.socket": { linkTo: "/dev/null" },
  };
}

/**
 * busybox as Alpine has it: init, login shell and the everyday programs, before those of Debian. /bin/sh remains: OpenRC's
 * scripts would otherwise use the start-stop-daemon built into Debian's busybox.
 */
async function busyboxFiles(): Promise<HostFiles> {
  const applets = (await must("busybox", ["--list"])).split("\n").filter((name) => name !== "" && !KEPT.has(name));
  const links = applets.map((name) => [`${BUSYBOX_PATH}/${name}`, { linkTo: "/usr/bin/busybox" }] as const);
  return { ...Object.fromEntries(links), "/etc/inittab": await resource("busybox-inittab") };
}

/** Text of a file in services/. */
export function resource(name: string): Promise<string> {
  return readFile(new URL(`services/${name}`, import.meta.url), "utf8");
}

/** Only what this init system reads: where a service has both, `systemctl enable` wants them to agree. */
function serviceFiles(service: HostService, init: InitKind): HostFiles {
  const [file, atBoot] =
    init === "systemd"
      ? [
          `/etc/systemd/system/${service.name}.service`,
          `/etc/systemd/system/multi-user.target.wants/${service.name}.service`,
        ]
      : [`/etc/init.d/${service.name}`, `/etc/runlevels/default/${service.name}`];
  return {
    [file]: init === "systemd" ? service.systemd : { content: service.openrc, mode: 0o755 },
    ...(service.startsAtBoot ? { [atBoot]: { linkTo: file } } : {}),
    ...service.files,
  };
}

function sshdConfig(path: string): string {
  return `${[
    "HostKey /etc/ssh/ssh_host_ed25519_key",
    "PermitRootLogin prohibit-password",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/authorized_keys.%u",
    "UsePAM yes",
    "UseDNS no",
    "PrintMotd no",
    // More than sshd's default of 10: tests open many connections at once.
    "MaxStartups 100",
    "MaxSessions 100",
    `SetEnv PATH=${path}`,
    "Subsystem sftp /usr/lib/openssh/sftp-server",
  ].join("\n")}\n`;
}

function sudoers(sudo: Sudo, path: string): string {
  const rule = {
    passwordless: `${USER} ALL=(ALL) NOPASSWD: ALL\n`,
    password: `${USER} ALL=(ALL) ALL\n`,
    none: "",
  }[sudo.kind];
  return `Defaults env_reset, secure_path="${path}"\nroot ALL=(ALL) ALL\n${rule}`;
}

/** This machine's system users, without its people, plus pi. */
async function users(sudo: Sudo, shell: string): Promise<HostFiles> {
  const password = sudo.kind === "password" ? await passwordHash(sudo.password) : "*";
  const systemUsers = (await lines("/etc/passwd")).filter(
    (line) => line.split(":")[2] !== "0" && isSystemId(line.split(":")[2]),
  );
  const systemGroups = (await lines("/etc/group")).filter((line) => isSystemId(line.split(":")[2]));
  const names = ["root", ...systemUsers.map((line) => line.split(":")[0]), USER];
  const shadow = names.map((name) => `${name}:${name === USER ? password : "*"}:19000:0:99999:7:::`);
  return {
    "/etc/passwd": text([
      `root:x:0:0::/root:${shell}`,
      ...systemUsers,
      `${USER}:x:${USER_ID}:${USER_ID}::/home/${USER}:${shell}`,
    ]),
    "/etc/group": text([...systemGroups, `${USER}:x:${USER_ID}:`]),
    "/etc/shadow": { content: text(shadow), mode: 0o640 } satisfies HostFile,
  };
}

/** Debian's policy: 1000 to 59999 are people. */
function isSystemId(id: string | undefined): boolean {
  const number = Number(id);
  return number < 1000 || number >= 60_000;
}

async function passwordHash(password: string): Promise<string> {
  return (await must("openssl", ["passwd", "-6", "-stdin"], { input: `${password}\n` })).trim();
}

async function lines(file: string): Promise<string[]> {
  return (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
}

function text(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}
