import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { make, unmake } from "../../node/apply.ts";
import type { Instance } from "../../node/instance.ts";
import { temporaryDirectory } from "../support/data-directory.ts";
import { localHost } from "../support/local-host.ts";
import { nodeKinds } from "../support/shells.ts";

const INSTANCE = { name: "zigbee" } as Instance;
const OURS = "ssh-ed25519 AAAA understudy zigbee b";
const OTHERS = 'MQTT_PASSWORD="of the owner"\n';

describe.each(nodeKinds())("files of somebody else ($kind)", ({ options }) => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let file: string;
  beforeEach(() => {
    directory = temporaryDirectory();
    mkdirSync(join(directory.path, "etc"));
    file = join(directory.path, "etc", "zigbee2mqtt");
    writeFileSync(file, OTHERS);
    chmodSync(file, 0o600);
  });
  afterEach(() => directory.remove());

  const host = localHost(options);
  /** Nothing that it writes to a file fits on the disk. */
  const full = localHost({ ...options, alter: (script) => `ulimit -f 0\n${script}` });
  const block = () => ({ kind: "block", what: "gate", path: file, lines: ["gate || exit 1"] }) as const;
  const authorized = () => ({ kind: "line", path: file, user: "root", line: OURS, created: false }) as const;

  it("get a block of ours and lose it, and keep all else and their mode", async () => {
    await make(host, "openrc", INSTANCE, block());
    await make(host, "openrc", INSTANCE, block());
    expect(readFileSync(file, "utf8")).toBe(
      `# >>> understudy zigbee\ngate || exit 1\n# <<< understudy zigbee\n${OTHERS}`,
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await unmake(host, "openrc", INSTANCE, { kind: "block", path: file, created: false }, []);
    expect(readFileSync(file, "utf8")).toBe(OTHERS);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory.path, "etc"))).toEqual(["zigbee2mqtt"]);
  });

  it("are written where a link leads, which stays", async () => {
    const link = join(directory.path, "link");
    symlinkSync(file, link);
    await make(host, "openrc", INSTANCE, { ...block(), path: link });
    expect(readFileSync(file, "utf8")).toContain("gate || exit 1");
    expect(readdirSync(directory.path).toSorted()).toEqual(["etc", "link"]);
  });

  it("stay whole where the disk is full: its owner must be able to log in", async () => {
    writeFileSync(file, `ssh-rsa OWNER\n${OURS}\n`);
    await expect(unmake(full, "openrc", INSTANCE, authorized(), [])).rejects.toMatchObject({ id: "COMMAND_FAILED" });
    expect(readFileSync(file, "utf8")).toBe(`ssh-rsa OWNER\n${OURS}\n`);
    await unmake(host, "openrc", INSTANCE, authorized(), []);
    expect(readFileSync(file, "utf8")).toBe("ssh-rsa OWNER\n");
    await expect(make(full, "openrc", INSTANCE, block())).rejects.toMatchObject({ id: "COMMAND_FAILED" });
    expect(readFileSync(file, "utf8")).toBe("ssh-rsa OWNER\n");
  });
});
