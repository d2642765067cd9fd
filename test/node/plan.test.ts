import { describe, expect, it } from "vitest";
import type { Automation } from "../../config/automation.ts";
import type { EffectiveNode, EffectiveService } from "../../config/effective.ts";
import { contactLine, contactsOf, noSelfFence } from "../../node/contacts.ts";
import type { Reached, TriedContact } from "../../node/contacts.ts";
import { directoriesOf, wishFor } from "../../node/plan.ts";
import type { SurveyedNode } from "../../node/plan.ts";
import type { Thing } from "../../node/things.ts";

const TOOLS = ["flock", "logger", "setsid", "sha256sum", "ssh", "ssh-keygen"];
const CONTROLLER = "10.0.0.9";

function node(name: string, host: string, changes: Partial<EffectiveNode> = {}): EffectiveNode {
  return {
    name,
    ssh: { host, port: 22, user: "pi", knownHostsFiles: [], keepaliveMs: 1, connectTimeoutMs: 1 },
    privilege: { kind: "sudo" },
    manager: { kind: "systemd", unit: "zigbee2mqtt.service" },
    dataDirectory: "/opt/zigbee2mqtt/data",
    version: "2.0.0",
    coordinator: { driver: "zigpy-znp", port: "/dev/serial/by-id/stick", python: "/opt/zigpy/bin/python" },
    stateDirectory: "/var/lib/understudy/zigbee",
    ownValues: {},
    mqttServer: "mqtt://10.0.0.1:1883",
    ...changes,
  };
}

function service(nodes: readonly EffectiveNode[], failover: Partial<Automation["failover"]> = {}): EffectiveService {
  const automation = { failover: { offlineBoot: "wait", ...failover } } as Automation;
  return { name: "zigbee", nodes, automation } as EffectiveService;
}

function surveyed(of: EffectiveService, reached: Readonly<Record<string, Reached>> = {}): SurveyedNode[] {
  return of.nodes.map((one) => ({
    node: one,
    survey: {
      init: "systemd",
      tools: new Set(TOOLS),
      controller: CONTROLLER,
      home: "/home/pi",
      hostKeys: [`ssh-ed25519 HOST-${one.name}`],
      peerKey: `ssh-ed25519 PEER-${one.name}`,
    },
    contacts: contactsOf(of, one, CONTROLLER).map((contact): TriedContact => {
      return { ...contact, address: contact.host, reached: reached[contact.host] ?? "yes" };
    }),
  }));
}

const A = node("a", "10.0.0.2");
const B = node("b", "10.0.0.3", { manager: { kind: "openrc", name: "zigbee2mqtt" } });

function wish(of: EffectiveService, name = "a", all = surveyed(of)) {
  const made = wishFor(of, name, all);
  const file = (end: string) =>
    made.things.find(
      (thing): thing is Extract<Thing, { kind: "file" }> => thing.kind === "file" && thing.path.endsWith(end),
    );
  return { ...made, file, settings: file("zigbee.conf")?.content ?? "" };
}

describe("what a node is to have", () => {
  it("is a gate that systemd asks as root before each start, and a job after each boot", () => {
    const { file, things, notes } = wish(service([A, B]));
    expect(file("/etc/systemd/system/zigbee2mqtt.service.d/understudy.conf")?.content).toContain(
      "ExecStartPre=+/usr/local/lib/understudy/gate /var/lib/understudy/zigbee\n",
    );
    expect(things.filter(({ kind }) => kind === "job")).toEqual([
      expect.objectContaining({ name: "understudy-boot-zigbee", startNow: false }),
    ]);
    expect(notes).toEqual([]);
  });

  it("comes before the gate, so that nothing is refused by half a gate", () => {
    const { things } = wish(service([A, B]));
    expect(things.at(-1)?.what).toBe("gate before each start");
  });

  it("is a block in conf.d with OpenRC, where a function of the service's script cannot replace it", () => {
    const { things } = wish(service([A, B]), "b");
    const block = things.find(({ kind }) => kind === "block");
    expect(block).toMatchObject({ path: "/etc/conf.d/zigbee2mqtt" });
    expect(block?.kind === "block" && block.lines.join("\n")).toContain("/gate /var/lib/understudy/zigbee || exit 1");
  });

  it.each([
    [{ kind: "docker", container: "z2m" } as const, "Docker has no place for the gate"],
    [{ kind: "commands", start: "s", stop: "t", status: "u" } as const, "gate /var/lib/understudy/zigbee || exit 1"],
  ])("says where no gate is possible (%j)", (manager, said) => {
    const { notes, things } = wish(service([node("a", "10.0.0.2", { manager }), B]));
    expect(notes).toEqual([expect.stringContaining(said)]);
    expect(things.some(({ what }) => what === "stand by after a boot")).toBe(true);
  });

  it("holds no key and asks nobody with offlineBoot: wait", () => {
    const { things, settings } = wish(service([A, B]));
    expect(things.some(({ kind }) => kind === "key" || kind === "line")).toBe(false);
    expect(settings).not.toContain("peer=");
    expect(settings).toContain("offline_boot=wait\n");
  });

  it("asks its peers with last-holder: a key that may do that only, and host keys that are known", () => {
    const { things, settings, file } = wish(service([A, B], { offlineBoot: "last-holder" }));
    expect(settings).toContain("peer=b pi@10.0.0.3 22\n");
    expect(file("known_hosts")?.content).toBe("b ssh-ed25519 HOST-b\n");
    expect(things).toContainEqual(
      expect.objectContaining({
        kind: "line",
        path: "/home/pi/.ssh/authorized_keys",
        user: "pi",
        line: 'restrict,command="sudo -n /usr/local/lib/understudy/peer-epoch /etc/understudy/zigbee.conf" ssh-ed25519 PEER-b understudy zigbee b',
      }),
    );
  });

  it("asks as root where sudo would want a password", () => {
    const asks = node("b", "10.0.0.3", { privilege: { kind: "sudo", password: "secret" } });
    const of = service([A, asks], { offlineBoot: "last-holder" });
    expect(wish(of).settings).toContain("peer=b root@10.0.0.3 22\n");
    const line = wish(of, "b").things.find(({ kind }) => kind === "line");
    expect(line).toMatchObject({ path: "/root/.ssh/authorized_keys", user: "root" });
    expect(line?.kind === "line" && line.line).toMatch(/^restrict,command="\/usr\/local/);
    expect(JSON.stringify(wish(of, "b").things)).not.toContain("secret");
  });

  it("leaves alone a coordinator that is on the network and not its own", () => {
    const lan = { coordinator: { driver: "zigpy-znp", port: "tcp://10.0.0.7:6638", python: "python3" } } as const;
    expect(wish(service([node("a", "10.0.0.2", lan), node("b", "10.0.0.3", lan)])).settings).toContain("\nport=\n");
    expect(wish(service([node("a", "10.0.0.2", lan), B])).settings).toContain("\nport=tcp://10.0.0.7:6638\n");
  });

  it("tells two nodes in one machine apart", () => {
    const second = node("b", "10.0.0.2", { stateDirectory: "/var/lib/understudy/zigbee/b" });
    expect(wish(service([A, second]), "b").instance).toMatchObject({
      name: "zigbee.b",
      settings: "/etc/understudy/zigbee.b.conf",
      bootJob: "understudy-boot-zigbee.b",
    });
  });

  it("names every directory it needs, outermost first", () => {
    expect(directoriesOf(wish(service([A, B])).things)).toEqual(
      expect.arrayContaining([
        "/usr/local/lib/understudy",
        "/etc/understudy",
        "/etc/systemd/system/zigbee2mqtt.service.d",
      ]),
    );
  });

  it.each([
    ["a path that no service file can hold", { stateDirectory: "/var/lib/under study" }, {}, "characters"],
    [
      "a command of several lines",
      { manager: { kind: "commands", start: "a\nb", stop: "c", status: "d" } },
      {},
      "line",
    ],
    ["neither systemd nor OpenRC", {}, { init: undefined }, "neither systemd nor OpenRC"],
    ["a missing tool", {}, { tools: new Set(["logger"]) }, "flock, sha256sum, setsid is missing"],
  ] as const)("is refused with %s", (_case, changes, found, said) => {
    const of = service([node("a", "10.0.0.2", changes), B]);
    const all = surveyed(of).map((one) => ({ ...one, survey: { ...one.survey, ...found } }));
    expect(() => wishFor(of, "a", all)).toThrow(said);
  });

  it("is refused with last-holder where the node has no ssh", () => {
    const of = service([A, B], { offlineBoot: "last-holder" });
    const tools = new Set(TOOLS.filter((tool) => !tool.startsWith("ssh")));
    const all = surveyed(of).map((one) => ({ ...one, survey: { ...one.survey, tools } }));
    expect(() => wishFor(of, "a", all)).toThrow("could not ask its peers");
  });
});

describe("who may fence itself", () => {
  const fences = (of: EffectiveService, reached: Readonly<Record<string, Reached>> = {}) =>
    wish(of, "a", surveyed(of, reached));
  const home = service([A, B], { selfFenceMs: 60_000 });

  it("a node with a stick and two other machines: broker, peer and controller are its contacts, and nobody else", () => {
    const { settings, things, notes } = fences(home);
    expect(settings).toContain(
      "self_fence=60\ncontact=tcp 10.0.0.1 1883\ncontact=tcp 10.0.0.3 22\ncontact=ping 10.0.0.9\n",
    );
    expect(things).toContainEqual(expect.objectContaining({ name: "understudy-self-fence-zigbee", startNow: true }));
    expect(notes).toEqual([]);
  });

  it.each([
    ["the broker is on it", { "10.0.0.1": "own" }, "the broker is on this very node"],
    ["the controller is on it", { [CONTROLLER]: "own" }, "the controller is on this very node"],
    ["only the peer answers", { "10.0.0.1": "no", [CONTROLLER]: "no" }, "only one other machine"],
    ["nobody answers", { "10.0.0.1": "no", [CONTROLLER]: "no", "10.0.0.3": "no" }, "no other machine"],
  ] as const)("I8: not a node where %s", (_case, reached, said) => {
    const { settings, notes } = fences(home, reached);
    expect(notes).toEqual([expect.stringContaining(said)]);
    expect(settings).not.toContain("self_fence");
  });

  it("I8: not one whose broker and controller are both on its only peer", () => {
    const onPeer: TriedContact[] = [
      { kind: "tcp", host: "b.local", port: 1883, who: "broker", reached: "yes", address: "10.0.0.3" },
      { kind: "tcp", host: "10.0.0.3", port: 22, who: "peer", reached: "yes", address: "10.0.0.3" },
    ];
    expect(noSelfFence(A, onPeer)).toContain("only one other machine");
  });

  it("not one whose coordinator has a network connection of its own", () => {
    const lan = node("a", "10.0.0.2", {
      coordinator: { driver: "zigpy-znp", port: "tcp://10.0.0.7:6638", python: "p" },
    });
    expect(noSelfFence(lan, surveyed(home)[0]?.contacts ?? [])).toContain("cannot silence");
  });

  it("knows the usual ports of brokers", () => {
    const line = (mqttServer: string) => contactsOf(home, { ...A, mqttServer }, undefined).map(contactLine)[0];
    expect(line("mqtt://broker.home")).toBe("tcp broker.home 1883");
    expect(line("mqtts://broker.home")).toBe("tcp broker.home 8883");
    expect(line("mqtt://[fd00::1]:1884")).toBe("tcp fd00::1 1884");
  });
});
