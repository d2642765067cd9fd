import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { nodeKinds } from "../support/shells.ts";
import { NodePrograms } from "./support/node-programs.ts";

const GRANT = '{"epoch":7,"bootId":"boot-1","handover":"handover:zigbee"}\n';

describe.each(nodeKinds())("a person on a node ($kind)", ({ options }) => {
  let node: NodePrograms;
  beforeEach(() => {
    node = new NodePrograms(options);
    node.settings();
    node.keep("epoch", "7\n");
  });
  afterEach(() => node.remove());
  const start = (...args: string[]) => node.run("understudy-node", "start", ...args);

  it("is told what it means before anything is started", () => {
    const { code, stderr } = start();
    expect(code).toBe(2);
    expect(stderr).toContain("understudy-node start zigbee --i-know");
    expect(node.service.log).toBe("");
    expect(node.gate().code).toBe(1);
  });

  it("starts the service when everything else is dead: a new epoch, granted and recorded", () => {
    node.keep("claim", "0000000008-000001700000000\n");
    expect(start("--i-know").code).toBe(0);
    expect(node.service.runs).toBe(true);
    expect(node.kept("grant.json")).toBe('{"epoch":9,"bootId":"boot-1","handover":"alone-person"}\n');
    expect(node.kept("epoch")).toBe("9\n");
    expect(node.kept("acted-alone")).toContain("epoch=9\nwhy=a person on this node ordered it");
    expect(node.gate().code).toBe(0);
  });

  it("starts it under the grant that it has, where it has one", () => {
    node.keep("grant.json", GRANT);
    expect(start("--i-know").code).toBe(0);
    expect(node.kept("grant.json")).toBe(GRANT);
    expect(node.kept("acted-alone")).toBeUndefined();
  });

  it.each(["configuration.yaml", "database.db", "coordinator_backup.json"])(
    "I4: is refused on a node that would form a new network (no %s)",
    (file) => {
      node.data(file, undefined);
      expect(start("--i-know")).toMatchObject({ code: 1, stderr: expect.stringContaining("form a new network") });
      expect(node.service.log).toBe("");
    },
  );

  it("I4: is refused with a stick that was being written", () => {
    node.keep("coordinator.json", '{"state":"dirty"}\n');
    expect(start("--i-know")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Only Understudy can mend that"),
    });
    expect(node.gate().code).toBe(1);
  });

  it("is refused where the epochs cannot be read, with the mend", () => {
    node.keep("epoch", "?\n");
    expect(start("--i-know")).toMatchObject({ code: 1, stderr: expect.stringContaining(`Remove ${node.state}/epoch`) });
  });

  it("sees what holds", () => {
    node.keep("standing-by", "since=now\n");
    const { code, stdout } = node.run("understudy-node", "status");
    expect(code).toBe(0);
    expect(stdout).toBe(
      "zigbee: the service is stopped.\nThis node stands by: it has no grant: another node serves, or Understudy stopped the service here.\nstanding-by:\n  since=now\n",
    );
  });

  it("may silence the stick, but not that of a service that runs", () => {
    expect(node.run("understudy-node", "silence")).toMatchObject({ code: 0, stdout: "Radio: silent.\n" });
    node.startService();
    expect(node.run("understudy-node", "silence").code).toBe(1);
  });
});

const SILENT = `echo '"resetSeen": true, "deviceState": 0}'`;

describe.each(nodeKinds())("a node that is cut off ($kind)", ({ options }) => {
  let node: NodePrograms;
  beforeEach(() => {
    node = new NodePrograms(options);
    node.keep("epoch", "7\n");
    node.keep("grant.json", GRANT);
    node.startService();
  });
  afterEach(() => node.remove());

  /** Runs the guard until `done`, or for three seconds and a half. */
  async function guard(
    contacts: number,
    done?: (said: string) => boolean,
    silence = SILENT,
    ...lines: string[]
  ): Promise<string> {
    node.fake("python", `case $1 in *reach.py) exit ${contacts} ;; *) ${silence} ;; esac`);
    const settings = node.settings("self_fence=1", "contact=tcp 10.0.0.1 1883", "contact=ping 10.0.0.9", ...lines);
    const [program = "sh", ...first] = options.shell ?? ["sh"];
    const child = spawn(program, [...first, join(node.library, "self-fence"), settings], {
      env: node.environment,
      stdio: ["ignore", "ignore", "pipe"],
      detached: true,
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    try {
      if (done) await vi.waitUntil(() => done(said), { timeout: 15_000, interval: 50 });
      else await new Promise((resolve) => void setTimeout(resolve, 3_500));
    } finally {
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await once(child, "exit");
    }
    return said;
  }

  it("stops the service, silences its stick, gives its grant back, and notes it", async () => {
    await guard(7, () => node.kept("fenced-itself")?.includes("radio=silent") === true);
    expect(node.service.runs).toBe(false);
    expect(node.gate().code).toBe(1);
    expect(node.kept("fenced-itself")).toMatch(/^at=.*Z\nboot=boot-1\nuptime=\d+\nradio=silent\n$/);
  });

  it("does so where whatever manages the service hangs", async () => {
    node.variables["UNDERSTUDY_TELL_SECONDS"] = "1";
    node.keep("grant.json", undefined);
    node.hangsAtFirst("docker", "echo exited");
    const isSilent = () => node.kept("fenced-itself")?.includes("radio=silent") === true;
    await guard(7, isSilent, SILENT, "manager=docker", "unit=zigbee2mqtt");
    expect(node.gate().code).toBe(1);
  });

  it("silences the radio of a service that ended by itself, too", async () => {
    node.endService();
    await guard(7, () => node.kept("fenced-itself")?.includes("radio=silent") === true);
    expect(node.gate().code).toBe(1);
  });

  it("goes on while its stick does not answer, but keeps nobody else from fencing it, or granting it anew", async () => {
    let grants = 0;
    const isFree = () => spawnSync("flock", ["-n", `${node.state}.lock`, "true"]).status === 0;
    const said = await guard(
      7,
      (heard) => {
        if (!heard.includes("it is tried again") || !isFree()) return false;
        if (grants === 0) {
          node.keep("grant.json", GRANT.replace("handover:zigbee", "alone-person"));
          node.startService();
        }
        grants += 1;
        return grants > 60;
      },
      `echo '{"outcome": "no-answer"}'`,
    );
    expect(said).toContain("it is tried again");
    expect(node.service.runs).toBe(true);
  });

  it("I8: does nothing while any contact is reached", async () => {
    await guard(0);
    expect(node.service).toEqual({ runs: true, log: "" });
    expect(node.kept("fenced-itself")).toBeUndefined();
  });

  it("I8: does nothing where its contacts could not be tried, and says so", async () => {
    expect(await guard(127)).toContain("this node cannot fence itself");
    expect(node.service.runs).toBe(true);
  });

  it("leaves alone what a person has started although everything else is dead", async () => {
    node.keep("grant.json", GRANT.replace("handover:zigbee", "alone-person"));
    await guard(7);
    expect(node.service.runs).toBe(true);
  });
});
