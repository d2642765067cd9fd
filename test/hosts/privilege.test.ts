import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Privilege } from "../../config/effective.ts";
import type { Host } from "../../hosts/host.ts";
import { connectHost } from "../../hosts/ssh-host.ts";
import { sshdInstalled, startSshServer, until, type TestServer } from "./ssh-server.ts";

const PASSWORD = "it's $ecret \\ \"!";

/** Understands what we use of sudo. $1 of the mode file says how it is set up; each line that it takes for a password is noted. */
const FAKE_SUDO = (directory: string): string => `
d=${directory}
askpass=; prompt='[sudo] password: '
while :; do
  case $1 in -S) askpass=1; shift ;; -n) shift ;; -p) prompt=$2; shift 2 ;; --) shift; break ;; *) break ;; esac
done
mode=$(cat "$d/mode")
case $mode in
  nopasswd) SUDO=1; export SUDO; exec "$@" ;;
  requiretty) echo "sudo: sorry, you must have a tty to run sudo" >&2; exit 1 ;;
  forbidden) echo "tester is not in the sudoers file." >&2; exit 1 ;;
  pam) prompt='Domain password: ' ;;
esac
[ -n "$askpass" ] || { echo "sudo: a password is required" >&2; exit 1; }
for try in 1 2 3; do
  printf %s "$prompt" >&2
  IFS= read -r line || { echo "sudo: no password was provided" >&2; exit 1; }
  printf '%s\\n' "$line" >>"$d/taken"
  [ "$line" != "$(cat "$d/password")" ] || { SUDO=1; export SUDO; exec "$@"; }
  sleep 1
  echo "Sorry, try again." >&2
done
echo "sudo: 3 incorrect password attempts" >&2
exit 1`;

describe.skipIf(!sshdInstalled)("a privileged command", () => {
  let server: TestServer;
  const hosts: Host[] = [];
  const open = (privilege: Privilege): Host => {
    const host = connectHost({ name: "kitchen", ssh: server.target, privilege });
    hosts.push(host);
    return host;
  };
  const mode = (name: string): void => writeFileSync(join(server.directory, "mode"), name);
  const taken = (): string =>
    existsSync(join(server.directory, "taken")) ? readFileSync(join(server.directory, "taken"), "utf8") : "";

  beforeAll(async () => {
    server = await startSshServer({ shell: "sh" });
    writeFileSync(join(server.directory, "password"), PASSWORD);
  });
  beforeEach(() => {
    rmSync(join(server.directory, "taken"), { force: true });
    server.addProgram("sudo", FAKE_SUDO(server.directory));
  });
  afterAll(async () => {
    await Promise.all(hosts.map((host) => host.close()));
    await server.stop();
  });

  it.each([
    ["sudo wants none, and it is configured", "nopasswd", PASSWORD, ""],
    ["sudo wants none, and none is configured", "nopasswd", undefined, ""],
    ["sudo wants it", "password", PASSWORD, `${PASSWORD}\n`],
    ["a PAM module asks in words of its own", "pam", PASSWORD, `${PASSWORD}\n`],
  ])("runs where %s", async (_name, sudo, password, given) => {
    mode(sudo);
    const host = open({ kind: "sudo", password });
    const script = 'echo "$SUDO $1"; cat; env; cat /proc/[0-9]*/cmdline';
    const plain = await host.run(script, { args: ["a'b"], privileged: true });
    expect(plain.stdout.toString()).toMatch(/^1 a'b\n/);
    expect(plain.stdout.toString()).not.toContain(PASSWORD);
    const piped = await host.run("cat", { privileged: true, input: Buffer.from("only this") });
    expect(piped.stdout.toString()).toBe("only this");
    expect(taken()).toBe(given.repeat(2));
    expect((await host.run("echo $SUDO")).stdout.toString()).toBe("\n");
  });

  it.each(["password", "pam"])(
    "is refused at once where the password is wrong (%s), and sudo is shown nothing else",
    async (sudo) => {
      mode(sudo);
      const begun = performance.now();
      const error = await open({ kind: "sudo", password: "guess" })
        .run("echo ran", { privileged: true })
        .catch((failure: unknown) => failure);
      expect(error).toMatchObject({
        id: "PRIVILEGE_REFUSED",
        what: expect.stringContaining("refused the configured password"),
      });
      expect(String(error)).not.toContain("guess");
      expect(performance.now() - begun).toBeLessThan(5000);
      await until(() => server.processes().length === 0);
      expect(taken()).toBe("guess\n");
    },
  );

  it.each([
    ["a password is wanted and none is configured", "password", "NOPASSWD"],
    ["a terminal is demanded", "requiretty", "!requiretty"],
    ["the user may not", "forbidden", "visudo"],
  ])("is refused with a hint where %s", async (_name, sudo, hint) => {
    mode(sudo);
    await expect(open({ kind: "sudo" }).run("true", { privileged: true })).rejects.toMatchObject({
      id: "PRIVILEGE_REFUSED",
      next: expect.stringContaining(hint),
    });
  });

  it("is refused where the tool is not installed", async () => {
    server.removeProgram("sudo");
    const found = spawnSync("sh", ["-c", "PATH=/usr/bin:/bin command -v sudo doas"], { encoding: "utf8" }).stdout;
    for (const kind of ["sudo", "doas"] as const) {
      if (found.includes(kind)) continue;
      await expect(open({ kind }).run("true", { privileged: true })).rejects.toMatchObject({
        id: "PRIVILEGE_REFUSED",
        what: `${kind} is not installed.`,
      });
    }
  });

  it("works by doas, and says what doas lacks", async () => {
    server.addProgram(
      "doas",
      '[ "$1" = -n ] && shift; [ -e "$0.no" ] && { echo "doas: Operation not permitted" >&2; exit 1; }; DOAS=1; export DOAS; exec "$@"',
    );
    const host = open({ kind: "doas" });
    expect((await host.run("echo $DOAS", { privileged: true })).stdout.toString()).toBe("1\n");
    server.addProgram("doas.no", "");
    await expect(host.run("true", { privileged: true })).rejects.toMatchObject({
      id: "PRIVILEGE_REFUSED",
      next: expect.stringContaining("permit nopass"),
    });
  });

  it("is ended on abort through sudo, with and without input", async () => {
    mode("password");
    const host = open({ kind: "sudo", password: PASSWORD });
    for (const input of [undefined, Buffer.from("x")]) {
      const file = join(server.directory, `started-${String(input)}`);
      const abort = new AbortController();
      const run = host.run('sleep 1000 & : >"$1"; wait', {
        args: [file],
        privileged: true,
        signal: abort.signal,
        input,
      });
      await until(() => existsSync(file));
      abort.abort(new Error("cancelled"));
      await expect(run).rejects.toThrow("cancelled");
      await until(() => server.processes().length === 0);
    }
  });
});

const isRoot = process.getuid?.() === 0;
const realSudo = existsSync("/usr/bin/sudo") && spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(!sshdInstalled || !isRoot || !realSudo)("a privileged command through the real sudo", () => {
  let server: TestServer;
  let host: Host;
  const sudoers = (line: string): void => {
    const file = join(server.directory, "sudoers");
    writeFileSync(file, `Defaults use_pty\nDefaults secure_path="/usr/sbin:/usr/bin:/sbin:/bin"\n${line}\n`);
    chmodSync(file, 0o440);
  };

  beforeAll(async () => {
    server = await startSshServer({
      user: "understudy-tester",
      prepare: `
chmod 755 "$1"
mkdir "$1/home" && chown 4242:4242 "$1/home"
cp /etc/passwd /etc/shadow "$1"
echo "understudy-tester:x:4242:4242::$1/home:/bin/sh" >>"$1/passwd"
echo "understudy-tester:$(printf %s '${PASSWORD.replaceAll("'", `'\\''`)}' | openssl passwd -6 -stdin):19000:0:99999:7:::" >>"$1/shadow"
: >"$1/sudoers" && chmod 440 "$1/sudoers"
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/shadow" /etc/shadow
mount --bind "$1/sudoers" /etc/sudoers`,
    });
  });
  afterAll(async () => {
    await host?.close();
    await server.stop();
  });
  const open = async (password: string | undefined): Promise<Host> => {
    await host?.close();
    host = connectHost({ name: "kitchen", ssh: server.target, privilege: { kind: "sudo", password } });
    return host;
  };

  it("works with a password, and ends on abort and with the connection", async () => {
    sudoers("understudy-tester ALL=(root) ALL");
    await open(PASSWORD);
    expect((await host.run("id -u; cat", { privileged: true })).stdout.toString()).toBe("0\n");
    expect((await host.run("id -u; cat", { privileged: true, input: Buffer.from("in") })).stdout.toString()).toBe(
      "0\nin",
    );
    expect((await host.run("kill -9 $$", { privileged: true })).code).toBe(137);
    for (const cut of [false, true]) {
      const file = join(server.directory, `root-${cut}`);
      const abort = new AbortController();
      const run = host.run('sleep 1000 & echo "$!" >"$1.new"; mv "$1.new" "$1"; wait', {
        args: [file],
        privileged: true,
        signal: abort.signal,
      });
      run.catch(() => {});
      await until(() => existsSync(file));
      if (cut) server.cutConnections();
      else abort.abort(new Error("cancelled"));
      await expect(run).rejects.toThrow(cut ? /unknown|may or may not/ : "cancelled");
      const pid = readFileSync(file, "latin1").trim();
      await until(() => !existsSync(`/proc/${pid}/exe`), "the command lives on");
    }
  });

  it("is refused at once with a wrong one", async () => {
    sudoers("understudy-tester ALL=(root) ALL");
    await open("guess");
    await expect(host.run("id", { privileged: true })).rejects.toMatchObject({
      id: "PRIVILEGE_REFUSED",
      what: expect.stringContaining("refused the configured password"),
    });
  });

  it("works without a password, configured or not, and tells when one is wanted or nothing allowed", async () => {
    sudoers("understudy-tester ALL=(root) NOPASSWD: ALL");
    for (const password of [undefined, PASSWORD]) {
      await open(password);
      expect((await host.run("id -u; cat", { privileged: true, input: Buffer.from("in") })).stdout.toString()).toBe(
        "0\nin",
      );
    }
    sudoers("understudy-tester ALL=(root) ALL");
    await open(undefined);
    await expect(host.run("id", { privileged: true })).rejects.toMatchObject({
      id: "PRIVILEGE_REFUSED",
      next: expect.stringContaining("NOPASSWD"),
    });
    sudoers("");
    await open(PASSWORD);
    await expect(host.run("id", { privileged: true })).rejects.toMatchObject({
      id: "PRIVILEGE_REFUSED",
      what: expect.stringContaining("do not allow"),
    });
  });
});
