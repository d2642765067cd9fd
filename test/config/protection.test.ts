import { afterEach, beforeEach, expect, test } from "vitest";
import { isPower } from "../../config/fencing.ts";
import { loadConfig } from "../../config/load.ts";
import { mappingOf } from "../../config/name-rung.ts";
import { protectionInWords, protectionOf } from "../../config/protection.ts";
import type { Loss, NodeProtection, ProtectionFacts } from "../../config/protection.ts";
import type { ServiceConfig } from "../../config/user-config.ts";
import { temporaryDirectory } from "./support/files.ts";
import type { Directory } from "./support/files.ts";

let directory: Directory;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

const ELSEWHERE: ProtectionFacts = { controller: new Set(["10.0.0.4"]), broker: "mqtt://10.0.0.4:1883", proven: {} };
const PLUG = "- shelly: { host: 10.0.0.21 }";

/** A home whose node attic has these rungs beside ssh. */
async function home(rungs = "", service = ""): Promise<ServiceConfig> {
  const path = await directory.write(
    "understudy.yaml",
    `services:
  zigbee:
    nodes:
      - name: attic
        host: 10.0.0.2
        user: pi
        fencing:
          - ssh
          ${rungs}
      - pi@10.0.0.3
${service}`,
  );
  const [only] = (await loadConfig(path)).services;
  if (!only) throw new Error("no service");
  return only;
}

function attic(service: ServiceConfig, facts: Partial<ProtectionFacts> = {}): NodeProtection {
  const [first] = protectionOf(service, { ...ELSEWHERE, ...facts }).nodes;
  if (!first) throw new Error("no node");
  return first;
}

function covers({ against }: NodeProtection): Record<Loss, string> {
  return {
    process: against.process.by,
    stick: against.stick.by,
    host: against.host.by,
    network: against.network.by,
  };
}

function proven(service: ServiceConfig): Record<string, string[]> {
  const [node] = service.nodes;
  const power = node?.fencing.filter(isPower) ?? [];
  return { attic: power.map((rung) => mappingOf(rung, "10.0.0.2")) };
}

test("two nodes and no plug: a lost process is taken over, a lost host waits for a person", async () => {
  const node = attic(await home());
  expect(covers(node)).toEqual({ process: "itself", stick: "ifSilent", host: "person", network: "person" });
  expect(protectionInWords(node).join("\n")).toContain("its host loses power or freezes: waits for a person");
});

test("a stick that can be reset when it hangs waits for nobody at first", async () => {
  const withReset = await home("", "    node: { coordinator: { reset: { usbPort: 1-1.2 } } }\n");
  expect(attic(withReset).against.stick.because).toContain("one that hangs is reset where it is");
  expect(attic(await home()).against.stick.because).toContain("does not let itself be silenced");
});

test("self-fencing helps where the host is cut off, not where it is frozen", async () => {
  const node = attic(await home("", "    failover: { selfFence: 60s }\n"));
  expect(covers(node)).toEqual({ process: "itself", stick: "ifSilent", host: "person", network: "ifSilent" });
});

test("a plug protects from everything, once its mapping was proven", async () => {
  const service = await home(PLUG);
  expect(covers(attic(service))).toEqual({ process: "itself", stick: "ifSilent", host: "person", network: "person" });
  expect(attic(service).against.host.because).toContain("understudy fence test --node attic");
  const all = { process: "itself", stick: "itself", host: "itself", network: "itself" };
  expect(covers(attic(service, { proven: proven(service) }))).toEqual(all);
  expect(covers(attic(await home(PLUG.replace(" }", ", trusted: true }"))))).toEqual(all);
});

test("the plug of a host does not silence a network coordinator of its own", async () => {
  const service = await home(PLUG);
  const coordinators = { attic: "tcp://10.0.0.7:6638", "10.0.0.3": "tcp://10.0.0.8:6638" };
  expect(covers(attic(service, { proven: proven(service), coordinators })).host).toBe("person");
});

test("a port without network protects from nothing", async () => {
  const service = await home(
    "- snmp: { host: sw1, preset: ifadmin, switchPort: 7, community: { env: PATH }, trusted: true }",
  );
  expect(covers(attic(service)).host).toBe("person");
});

test("what dies with the host is named, and nobody takes over without it", async () => {
  const service = await home(PLUG.replace(" }", ", trusted: true }"));
  const node = attic(service, { controller: new Set(["10.0.0.2"]), broker: "mqtt://10.0.0.2:1883" });
  expect(node.diesWithHost).toEqual([
    "The MQTT broker runs on attic: without it no standby can serve.",
    "Understudy runs on attic: without it nobody takes over.",
  ]);
  expect(covers(node)).toEqual({ process: "itself", stick: "itself", host: "nobody", network: "nobody" });
});

test("one sentence says whether the service is protected, or from what it is not", async () => {
  const service = await home(PLUG);
  const { isWhole, summary } = protectionOf(service, ELSEWHERE);
  expect(isWhole).toBe(false);
  expect(summary).toMatch(
    /^Not protected: where attic serves and its host loses power or freezes, it waits for a person\. /,
  );
});
