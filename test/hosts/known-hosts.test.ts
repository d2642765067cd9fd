import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hostKeyError } from "../../hosts/host-key-errors.ts";
import { fingerprint, judgeHostKey, knownKeyTypes, parseKnownHosts } from "../../hosts/known-hosts.ts";

const directory = mkdtempSync(join(tmpdir(), "understudy-known-hosts-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A public key in SSH's wire format. */
function ed25519(): Buffer {
  const { publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const field = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  return Buffer.concat([field(Buffer.from("ssh-ed25519")), field(raw)]);
}

const key = ed25519();
const other = ed25519();
const b64 = key.toString("base64");

function judge(text: string, host = "pi.lan", port = 22): string {
  return judgeHostKey(parseKnownHosts([{ path: "/kh", text }]), host, port, key).kind;
}

describe("known_hosts", () => {
  it.each([
    ["plain", `pi.lan ssh-ed25519 ${b64}`, "trusted"],
    ["in a list, any case, with a comment", `nas,PI.lan,10.0.0.3 ssh-ed25519 ${b64} root@pi`, "trusted"],
    ["a wildcard", `*.lan ssh-ed25519 ${b64}`, "trusted"],
    ["a one-character wildcard", `p?.lan ssh-ed25519 ${b64}`, "trusted"],
    ["a dot that is only a dot", `pixlan ssh-ed25519 ${b64}`, "unknown"],
    ["a negation in the same list", `*.lan,!pi.lan ssh-ed25519 ${b64}`, "unknown"],
    ["a negation of another host", `!nas.lan,*.lan ssh-ed25519 ${b64}`, "trusted"],
    ["only a negation", `!nas.lan ssh-ed25519 ${b64}`, "unknown"],
    ["another port", `[pi.lan]:2222 ssh-ed25519 ${b64}`, "unknown"],
    ["another key of that type", `pi.lan ssh-ed25519 ${other.toString("base64")}`, "changed"],
    ["one of several keys", `pi.lan ssh-ed25519 ${other.toString("base64")}\npi.lan ssh-ed25519 ${b64}`, "trusted"],
    ["revoked for all hosts, known before", `pi.lan ssh-ed25519 ${b64}\n@revoked * ssh-ed25519 ${b64}`, "revoked"],
    ["another key revoked", `@revoked * ssh-ed25519 ${other.toString("base64")}\npi.lan ssh-ed25519 ${b64}`, "trusted"],
    ["a certificate authority only", `@cert-authority *.lan ssh-ed25519 ${b64}`, "unknown"],
    ["a comment", `# pi.lan ssh-ed25519 ${b64}`, "unknown"],
    ["an unknown marker", `@trusted pi.lan ssh-ed25519 ${b64}`, "unknown"],
    ["a damaged key", `pi.lan ssh-rsa ${b64}`, "unknown"],
    ["Windows line ends", `nas ssh-ed25519 ${b64}\r\npi.lan ssh-ed25519 ${b64}\r\n`, "trusted"],
  ])("%s", (_name, text, verdict) => expect(judge(text)).toBe(verdict));

  it("knows a host on another port by its bracketed name only", () => {
    expect(judge(`[pi.lan]:2222 ssh-ed25519 ${b64}`, "pi.lan", 2222)).toBe("trusted");
    expect(judge(`pi.lan ssh-ed25519 ${b64}`, "pi.lan", 2222)).toBe("unknown");
    expect(judge(`[fe80::1]:2222 ssh-ed25519 ${b64}`, "fe80::1", 2222)).toBe("trusted");
  });

  it("reads the names that ssh-keygen -H has hashed", () => {
    const file = join(directory, "hashed");
    writeFileSync(file, `pi.lan,10.0.0.3 ssh-ed25519 ${b64}\n[pi.lan]:2222 ssh-ed25519 ${b64}\n`);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", file], { stdio: "ignore" });
    const text = readFileSync(file, "utf8");
    expect(text).not.toContain("pi.lan");
    expect(judge(text)).toBe("trusted");
    expect(judge(text, "10.0.0.3")).toBe("trusted");
    expect(judge(text, "PI.lan", 2222)).toBe("trusted");
    expect(judge(text, "nas.lan")).toBe("unknown");
    expect(judge(text, "pi.lan", 2223)).toBe("unknown");
  });

  it("prints the fingerprint that ssh-keygen prints", () => {
    const file = join(directory, "key.pub");
    writeFileSync(file, `ssh-ed25519 ${b64}\n`);
    expect(execFileSync("ssh-keygen", ["-lf", file], { encoding: "utf8" })).toContain(` ${fingerprint(key)} `);
  });

  it("joins several files and tells the known types of key, for the order of algorithms", () => {
    const entries = parseKnownHosts([
      { path: "/a", text: `pi.lan ssh-ed25519 ${b64}\n@cert-authority pi.lan ssh-ed25519 ${b64}` },
      { path: "/b", text: `*.lan ssh-ed25519 ${other.toString("base64")}` },
    ]);
    expect(knownKeyTypes(entries, "pi.lan", 22)).toEqual(["ssh-ed25519"]);
    expect(knownKeyTypes(entries, "pi.home", 22)).toEqual([]);
    expect(judgeHostKey(entries, "pi.lan", 22, other).kind).toBe("trusted");
  });
});

describe("the command that mends a refusal", () => {
  it("makes the host known: the printed ssh-keygen -R works on the printed file", () => {
    const file = join(directory, "mend it");
    writeFileSync(file, `[pi.lan]:2222 ssh-ed25519 ${other.toString("base64")}\nnas ssh-ed25519 ${b64}\n`);
    const target = {
      host: "pi.lan",
      port: 2222,
      user: "z",
      knownHostsFiles: [file],
      keepaliveMs: 0,
      connectTimeoutMs: 0,
    };
    const entries = parseKnownHosts([{ path: file, text: readFileSync(file, "utf8") }]);
    const verdict = judgeHostKey(entries, "pi.lan", 2222, key);
    if (verdict.kind !== "changed") throw new Error(verdict.kind);
    const error = hostKeyError("kitchen", target, key, verdict);
    expect(error.id).toBe("HOST_KEY_CHANGED");
    expect(error.what).toContain(fingerprint(key));
    const [forget = "", learn = ""] = (/then: (.*)$/.exec(error.next)?.[1] ?? "").split(" && ");
    expect(learn).toBe(`ssh-keyscan -p 2222 pi.lan >> '${file}'`);
    execFileSync("sh", ["-c", forget], { stdio: "ignore" });
    expect(judge(readFileSync(file, "utf8"), "pi.lan", 2222)).toBe("unknown");
    expect(judge(readFileSync(file, "utf8"), "nas")).toBe("trusted");
  });

  it("goes through the jump host, and says that certificate authorities do not count", () => {
    const jump = { host: "gate", port: 22, user: "j", knownHostsFiles: ["/kh"], keepaliveMs: 0, connectTimeoutMs: 0 };
    const target = { ...jump, host: "pi.lan", user: "z", jump };
    const error = hostKeyError("kitchen", target, key, { kind: "unknown", ignoredCertificateAuthorities: 1 });
    expect(error.next).toContain("ssh -o UserKnownHostsFile=/kh -J j@gate:22 -p 22 z@pi.lan true");
    expect(error.what).toContain("@cert-authority");
  });
});
