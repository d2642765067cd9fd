import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnderstudyProgram } from "../../../lab/demo/understudy-program.ts";
import { createNamespaceHome } from "../../../lab/namespaces/create-home.ts";
import type { NamespaceHome } from "../../../lab/namespaces/create-home.ts";
import type { NamespaceNode } from "../../../lab/namespaces/node.ts";
import { until } from "../../home/support/bring-up.ts";
import { ALL_WELL, isRoot } from "../home/support/bring-up.ts";

/** Everything that `setup` may touch, with its content. */
const TREE = `
for top in /etc /usr/local /home /root; do
  find "$top" -xdev \\( -type f -o -type l -o -type d \\) | sort | while read -r path; do
    case $path in /etc/machine-id | /etc/.pwd.lock | /etc/ld.so.cache) continue ;; esac
    if [ -L "$path" ]; then echo "$path -> $(readlink "$path")"
    elif [ -d "$path" ]; then echo "$path/ $(stat -c '%a %u' "$path")"
    else echo "$path $(stat -c '%a %u' "$path") $(sha256sum <"$path")"; fi
  done
done`;

const REFUSED = /this node stands by: it has booted since it was granted to serve/;

describe.skipIf(!isRoot)("a node's own side: systemd (a, active) and OpenRC (b)", () => {
  let directory: string;
  let lab: NamespaceHome;
  let understudy: UnderstudyProgram;
  let a: NamespaceNode;
  let b: NamespaceNode;
  const before = new Map<string, string>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-node-"));
    lab = await createNamespaceHome({ directory: join(directory, "home"), devices: 2, init: ["systemd", "openrc"] });
    [a, b] = lab.nodes as [NamespaceNode, NamespaceNode];
    // A configuration of the service's own, which has to survive.
    await inside(b, "mkdir -p /etc/conf.d; printf 'retry=TERM/30/KILL/5\\nno_end_of_line=1' >/etc/conf.d/zigbee2mqtt");
    configure("{ offlineBoot: last-holder, selfFence: 10s }");
    understudy = new UnderstudyProgram(lab.home.configFile, lab.home.environment, join(directory, "log"));
    for (const node of lab.nodes) before.set(node.name, await inside(node, TREE));
  });
  afterAll(async () => {
    await lab?.home.stop();
    await rm(directory, { recursive: true, force: true });
  });

  test("setup shows its plan and changes nothing before it is told to", async () => {
    const { code, stdout } = await understudy.run(["setup"]);
    expect(code).toBe(1);
    expect(stdout).toContain("gate before each start");
    expect(stdout).toContain("/etc/conf.d/zigbee2mqtt");
    for (const node of lab.nodes) expect(await inside(node, TREE)).toBe(before.get(node.name));
  });

  test("setup while Zigbee2MQTT runs does not disturb it, and grants it this boot", async () => {
    const { pid } = a.zigbee2mqtt;
    const { code, stdout } = await understudy.run(["setup", "--yes"]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("Nothing is left to do.") });
    expect(stdout).toContain("a serves now: it is granted epoch 0 for this boot.");
    expect(stdout).toContain("a asks: b answers: epoch 0.");
    expect(stdout).toContain("b asks: a answers: epoch 0.");
    expect(a.zigbee2mqtt.pid).toBe(pid);
  });

  test("a second setup changes nothing", async () => {
    const trees = [await inside(a, TREE), await inside(b, TREE)];
    const { code, stdout } = await understudy.run(["setup", "--yes", "-o", "json"]);
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({ code: 0, changed: false });
    expect([await inside(a, TREE), await inside(b, TREE)]).toEqual(trees);
  });

  test("the peer's key may ask for the epoch and do nothing else", async () => {
    const ask = (command: string) =>
      inside(
        a,
        `ssh -i /etc/understudy/zigbee.peers/key -o BatchMode=yes -o UserKnownHostsFile=/etc/understudy/zigbee.peers/known_hosts -o HostKeyAlias=b pi@${b.namespaceHost.address} ${command} 2>&1`,
      );
    expect(await ask("'cat /etc/passwd; id'")).toBe("understudy epoch 0\n");
    expect(await ask("sh -c id")).toBe("understudy epoch 0\n");
  });

  test("I2: a start by hand is refused on the standby, with words that help", async () => {
    const { code, stdout, stderr } = await b.namespaceHost.execute("rc-service zigbee2mqtt start");
    expect(code).not.toBe(0);
    expect(stdout + stderr).toContain("it has no grant: another node serves");
    expect(stdout + stderr).toContain("understudy-node start --i-know");
    expect(b.zigbee2mqtt.running).toBe(false);
    expect(await inside(b, "rc-service zigbee2mqtt status; true")).toContain("stopped");
  });

  test("the node that serves may be restarted by hand", async () => {
    await inside(a, "systemctl restart zigbee2mqtt");
    await until(() => a.dongle.onAir, "a is on the air again");
  });

  test("I1, I2: a node that reboots while it serves stays standby, and its stick, which kept its power, is silent", async () => {
    configure("{ selfFence: 10s }");
    expect((await understudy.run(["setup", "--yes"])).code).toBe(0);
    await inside(a, "systemctl reboot");
    await until(() => !a.zigbee2mqtt.running, "a goes down");
    await a.namespaceHost.settled();
    await until(() => a.namespaceHost.bootId !== undefined && !a.dongle.onAir, "a's stick is silent");
    await until(async () => (await note(a, "standing-by")).includes("radio=silent"), "a says so");
    expect(await note(a, "standing-by")).toMatch(/reason=it has booted since it was granted to serve \(epoch 0\)/);
    const { code } = await a.namespaceHost.execute("systemctl start zigbee2mqtt");
    expect(code).not.toBe(0);
    expect(await inside(a, "systemctl status zigbee2mqtt --no-pager; true")).toMatch(REFUSED);
    expect(a.dongle.onAir).toBe(false);
  });

  test("one documented command starts it when everything else is dead", async () => {
    expect((await a.namespaceHost.execute("understudy-node start")).code).toBe(2);
    expect(a.dongle.onAir).toBe(false);
    await inside(a, "understudy-node start --i-know");
    await until(() => a.dongle.onAir, "a is on the air");
    expect(await note(a, "acted-alone")).toContain("epoch=1");
    await inside(a, "systemctl restart zigbee2mqtt");
    await until(() => a.dongle.onAir, "a is on the air again");
  });

  test("self-fence: the node that is cut off from everybody goes silent, and stays so when the network is back", async () => {
    await inside(a, "understudy-node silence; true");
    await grantBy(a, 2);
    await a.namespaceHost.cutNetwork();
    const cutAt = Date.now();
    await until(() => !a.dongle.onAir, "a silences itself", 90_000);
    console.log(`silent ${((Date.now() - cutAt) / 1000).toFixed(1)} s after the cut, with selfFence: 10s`);
    expect(a.zigbee2mqtt.running).toBe(false);
    await until(async () => (await note(a, "fenced-itself")).includes("radio=silent"), "a notes it");
    await a.namespaceHost.healNetwork();
    expect((await a.namespaceHost.execute("systemctl start zigbee2mqtt")).code).not.toBe(0);
    expect(a.dongle.onAir).toBe(false);
  });

  test("I8: with self-fence, losing broker, or peer, or controller alone stops nothing", async () => {
    await grantBy(a, 3);
    await b.namespaceHost.cutNetwork();
    await lab.network.cutController();
    await new Promise((resolve) => void setTimeout(resolve, 25_000));
    expect(a.zigbee2mqtt.running && a.dongle.onAir).toBe(true);
    await b.namespaceHost.healNetwork();
    await lab.network.healController();
  });

  test.each([
    ["first, and the peer later", ["a", "b"]],
    ["last", ["b", "a"]],
  ])(
    "offlineBoot: last-holder: after a power cut of both, the last holder that returns %s serves again, alone",
    async (_case, order) => {
      configure("{ offlineBoot: last-holder }");
      expect((await understudy.run(["setup", "--yes"])).code).toBe(0);
      if (!a.dongle.onAir) await grantBy(a, 4);
      await Promise.all([a.powerOff(), b.powerOff()]);
      const [first, second] = order.map((name) => (name === "a" ? a : b)) as [NamespaceNode, NamespaceNode];
      await first.powerOn();
      await until(async () => (await note(first, "standing-by")).includes("reason="), "the first stands by");
      expect([a.dongle.onAir, b.dongle.onAir]).toEqual([false, false]);
      await second.powerOn();
      await until(() => a.dongle.onAir, "the last holder serves", 120_000);
      expect(await note(a, "acted-alone")).toContain("why=last holder");
      expect(b.dongle.onAir || b.zigbee2mqtt.running).toBe(false);
    },
  );

  test("offlineBoot: last-holder: a node whose peer has heard of a later epoch never starts by itself", async () => {
    await b.namespaceHost.run("echo 9 >/var/lib/understudy/zigbee/epoch");
    await Promise.all([a.powerOff(), b.powerOff()]);
    await Promise.all([a.powerOn(), b.powerOn()]);
    const waits = "it waits for Understudy: b knows epoch 9";
    const log = () => inside(a, "journalctl --no-pager -u understudy-boot-zigbee");
    await until(async () => (await log()).includes(waits), "it knows", 90_000);
    expect([a.dongle.onAir, b.dongle.onAir]).toEqual([false, false]);
  });

  test("teardown leaves every file as it was, and a normal installation", async () => {
    const { code } = await understudy.run(["teardown", "--yes"]);
    expect(code).toBe(0);
    for (const node of lab.nodes) expect(await inside(node, TREE)).toBe(before.get(node.name));
    expect((await a.namespaceHost.execute("systemctl start zigbee2mqtt")).code).toBe(0);
    await until(() => a.dongle.onAir, "a is on the air");
    expect(JSON.parse((await understudy.run(["teardown", "--yes", "-o", "json"])).stdout)).toMatchObject({
      changed: false,
    });
  });

  test("a file that somebody has changed since is left, and said", async () => {
    expect((await understudy.run(["setup", "--yes"])).code).toBe(0);
    await inside(a, "echo '# mine' >>/etc/systemd/system/zigbee2mqtt.service.d/understudy.conf");
    const { stdout } = await understudy.run(["teardown", "--yes", "--node", "a", "-o", "json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      left: ["a: /etc/systemd/system/zigbee2mqtt.service.d/understudy.conf"],
    });
  });

  test("in all this time there were never two radios on the air", () => {
    expect(lab.home.facts()).toMatchObject({ doubleActiveMs: ALL_WELL.doubleActiveMs, rejoined: 0 });
  });

  async function inside(node: NamespaceNode, script: string): Promise<string> {
    const { code, stdout, stderr } = await node.namespaceHost.execute(script, [], { timeoutMs: 60_000 });
    if (code !== 0) throw new Error(`${node.name}: ${script} ended with ${code}: ${stderr}`);
    return stdout;
  }

  async function note(node: NamespaceNode, name: string): Promise<string> {
    return inside(node, `cat /var/lib/understudy/zigbee/${name} 2>/dev/null; true`);
  }

  /** As Understudy grants it, and starts it. */
  async function grantBy(node: NamespaceNode, epoch: number): Promise<void> {
    const state = "/var/lib/understudy/zigbee";
    const grant = JSON.stringify({ epoch, bootId: node.namespaceHost.bootId, handover: "test" });
    await inside(
      node,
      `echo ${epoch} >${state}/epoch; rm -f ${state}/standing-by ${state}/fenced-itself; echo '${grant}' >${state}/grant.json; systemctl restart zigbee2mqtt`,
    );
    await until(() => node.dongle.onAir, `${node.name} is on the air`);
  }

  function configure(failover: string): void {
    const file = lab.home.configFile;
    const text = readFileSync(file, "utf8").replace(/\n    failover: .*/, "");
    writeFileSync(file, text.replace("\n    nodes:", `\n    failover: ${failover}\n    nodes:`));
  }
});
