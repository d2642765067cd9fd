import { readFileSync, symlinkSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeKinds } from "../support/shells.ts";
import { NodePrograms } from "./support/node-programs.ts";

const grant = (epoch: number, boot: string) => `{"epoch":${epoch},"bootId":"${boot}","handover":"handover:zigbee"}\n`;
const PEERS = ["offline_boot=last-holder", "peer=b pi@10.0.0.3 22"];

describe.each(nodeKinds())("a node that boots ($kind)", ({ options }) => {
  let node: NodePrograms;
  beforeEach(() => {
    node = new NodePrograms(options);
    node.keep("epoch", "7\n");
    node.keep("grant.json", grant(7, "boot-1"));
    node.boot("boot-2");
  });
  afterEach(() => node.remove());

  it("I2: stands by, silences its stick, and says so", () => {
    const { code, stderr } = node.run("boot", node.settings());
    expect(code).toBe(0);
    expect(stderr).toContain(
      "this node stands by: it has booted since it was granted to serve (epoch 7). Radio: silent.",
    );
    expect(node.kept("standing-by")).toMatch(
      /^since=\d{4}-.*Z\nboot=boot-2\nradio=silent\nreason=it has booted since it was granted to serve \(epoch 7\)\n$/,
    );
    expect(node.service).toEqual({ runs: false, log: "" });
  });

  it("stops what something else has started", () => {
    node.startService();
    expect(node.run("boot", node.settings()).stderr).toContain("runs though this node stands by");
    expect(node.service).toEqual({ runs: false, log: "stopped\n" });
  });

  it.each([
    ["docker", "docker", 'case $1 in stop) echo "$@" >&3 ;; inspect) echo exited ;; esac'],
    ["systemd", "systemctl", 'case $1 in stop) echo "$@" >&3 ;; show) echo ActiveState=inactive ;; esac'],
    ["openrc", "rc-service", 'case $2 in stop) echo "$@" >&3 ;; status) exit 3 ;; esac'],
  ])("does not wait for ever for %s, and stops what may run", (manager, program, script) => {
    node.variables["UNDERSTUDY_TELL_SECONDS"] = "1";
    node.hangsAtFirst(program, `exec 3>>${node.path}/asked; ${script}`);
    const { code, stderr } = node.run("boot", node.settings(`manager=${manager}`, "unit=zigbee2mqtt"));
    expect(code).toBe(0);
    expect(stderr).toContain(`cannot be told (${manager} does not answer); it is stopped`);
    expect(stderr).toContain("Radio: silent.");
    expect(readFileSync(`${node.path}/asked`, "utf8")).toContain("zigbee2mqtt");
  });

  it("says where a person asks that the state is not known", () => {
    node.variables["UNDERSTUDY_TELL_SECONDS"] = "1";
    node.settings("status=sleep 60");
    expect(node.run("understudy-node", "status").stdout).toContain("the service is unknown.");
  });

  it("does so where its lock cannot be had at all, on a broken disk", () => {
    symlinkSync("/nowhere/lock", `${node.state}.lock`);
    node.startService();
    expect(node.run("boot", node.settings()).stderr).toContain("Radio: silent.");
    expect(node.service.runs).toBe(false);
  });

  it("does this once in a boot", () => {
    node.run("boot", node.settings());
    node.startService();
    expect(node.run("boot", node.settings())).toMatchObject({ code: 0, stderr: "" });
    expect(node.service.runs).toBe(true);
  });

  it("leaves alone what Understudy has granted meanwhile", () => {
    node.keep("grant.json", grant(7, "boot-2"));
    node.startService();
    node.run("boot", node.settings());
    expect(node.service.runs).toBe(true);
    expect(node.kept("standing-by")).toBeUndefined();
  });

  it("I7: says that the radio may be on the air where nothing can silence it", () => {
    node.fake("python", "exit 127");
    expect(node.run("boot", node.settings()).stderr).toContain("the radio may be on the air");
    expect(node.kept("standing-by")).toContain("radio=unknown: ");
  });

  it("does not reset a coordinator that other nodes use as well", () => {
    node.fake("python", "echo called >&2; exit 1");
    node.run("boot", node.settings("port="));
    expect(node.kept("standing-by")).toContain("radio=shared: ");
  });

  it("starts nothing by itself with `wait`, and asks nobody", () => {
    node.fake("ssh", "echo understudy epoch 7");
    node.run("boot", node.settings("peer=b pi@10.0.0.3 22"));
    expect(node.service.log).toBe("");
  });

  it("serves again as the last holder when every peer knows no higher epoch", () => {
    node.fake("ssh", "echo understudy epoch 7");
    const { stderr } = node.run("boot", node.settings(...PEERS));
    expect(stderr).toContain("the service was started without Understudy: no peer knows a higher epoch than 7");
    expect(node.service).toEqual({ runs: true, log: "started\n" });
    expect(node.kept("grant.json")).toBe('{"epoch":7,"bootId":"boot-2","handover":"alone-last-holder"}\n');
    expect(node.kept("acted-alone")).toContain("epoch=7\nwhy=last holder: ");
    expect(node.kept("standing-by")).toBeUndefined();
    expect(node.gate().code).toBe(0);
  });

  it.each([
    ["a peer knows a higher epoch", "echo understudy epoch 8"],
    [
      "one of several peers knows a higher epoch",
      "case $* in *10.0.0.4) echo understudy epoch 8 ;; *) echo understudy epoch 3 ;; esac",
    ],
  ])("never serves where %s", (_case, ssh) => {
    node.fake("ssh", ssh);
    const { stderr } = node.run("boot", node.settings(...PEERS, "peer=c pi@10.0.0.4 22"));
    expect(stderr).toMatch(/it waits for Understudy: [bc] knows epoch 8/);
    expect(node.service.log).toBe("");
  });

  it.each([
    ["it was not the last to be granted", "epoch", "8\n"],
    ["a later step came here", "claim", "0000000008-000001700000000\n"],
    ["Understudy has stopped the service", "grant.json", undefined],
    ["its grant cannot be read", "grant.json", "{}\n"],
    ["its epoch cannot be read", "epoch", "x\n"],
    ["its stick was being written", "coordinator.json", '{"state":"dirty","generation":"g"}\n'],
  ])("never asks where %s", (_case, file, content) => {
    node.keep(file, content);
    node.fake("ssh", "echo understudy epoch 1");
    const { stderr } = node.run("boot", node.settings(...PEERS));
    expect(stderr).toContain("it was not the last to serve");
    expect(node.service.log).toBe("");
  });

  it.each([
    ["does not answer", "exit 255"],
    ["says something else", "echo Welcome to Debian"],
    ["says half of it", "echo understudy epoch"],
    ["says something that is no number", "echo understudy epoch 7 8"],
  ])("waits as long as a peer %s", (_case, ssh) => {
    const tries = `${node.path}/tries`;
    node.fake("ssh", `echo . >>${tries}; [ "$(wc -l <${tries})" -gt 3 ] || { ${ssh}; exit; }; echo understudy epoch 7`);
    const { stderr } = node.run("boot", node.settings(...PEERS));
    expect(stderr.match(/goes on standing by until Understudy or its peers answer: b does not answer/g)).toHaveLength(
      1,
    );
    expect(node.service.log).toBe("started\n");
  });

  it("I2: does not start where a step of Understudy's came while it was asking", () => {
    node.keep("claim", "0000000007-000001700000000\n");
    node.fake("ssh", `echo understudy epoch 7; echo 0000000008-000001700000001 >${node.state}/claim`);
    expect(node.run("boot", node.settings(...PEERS)).stderr).toContain("it was not the last to serve");
    expect(node.service.log).toBe("");
  });

  it("does not start without a broker, which would leave the radio on the air", () => {
    const tries = `${node.path}/tries`;
    node.fake("ssh", "echo understudy epoch 7");
    node.fake(
      "python",
      `case $1 in *reach.py) echo . >>${tries}; [ "$(wc -l <${tries})" -gt 2 ] || exit 7 ;; *) echo '"resetSeen": true, "deviceState": 0}' ;; esac`,
    );
    const { stderr } = node.run("boot", node.settings(...PEERS, "broker=10.0.0.1 1883"));
    expect(stderr).toContain("the broker does not answer");
    expect(node.service.log).toBe("started\n");
  });

  it.each([
    ["7\n", undefined, "understudy epoch 7\n"],
    [undefined, undefined, "understudy epoch 0\n"],
    ["7\n", "0000000009-000001700000000\n", "understudy epoch 9\n"],
    ["7\n", "0000000000-000001700000000\n", "understudy epoch 7\n"],
    ["x\n", undefined, ""],
    ["7\n", "garbled\n", ""],
  ])("tells a peer the highest epoch of which any step has come (epoch %j, claim %j)", (epoch, claim, told) => {
    node.keep("epoch", epoch);
    node.keep("claim", claim);
    expect(node.run("peer-epoch", node.settings()).stdout).toBe(told);
  });
});
