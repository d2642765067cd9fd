import { describe, expect, test } from "vitest";
import { didYouMean } from "../../config/did-you-mean.ts";
import { formatDuration, parseDuration } from "../../config/duration.ts";
import { shellAssignments } from "../../config/discover/shell-assignments.ts";
import { parseNodeAddress } from "../../config/node-address.ts";

describe("durations", () => {
  test.each([
    ["500ms", 500],
    ["15s", 15_000],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["0s", 0],
  ])("%s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(["", "15", "s", "1.5s", "-1s", "15 s", "15S", "1d", "9999999999s"])("%j is none", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test.each([
    [15_000, "15s"],
    [60_000, "1m"],
    [1500, "1500ms"],
    [0, "0ms"],
    [3_600_000, "1h"],
  ])("%d ms is written %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe("node addresses", () => {
  test.each([
    ["pi@10.0.0.2", { user: "pi", host: "10.0.0.2", port: undefined }],
    ["pi@attic.lan:2222", { user: "pi", host: "attic.lan", port: 2222 }],
    ["root@[fe80::1%eth0]:22", { user: "root", host: "fe80::1%eth0", port: 22 }],
  ])("%s", (text, address) => {
    expect(parseNodeAddress(text)).toEqual(address);
  });

  test.each([
    "",
    "pi",
    "pi@",
    "@host",
    "pi@host:",
    "pi@host:0",
    "pi@host:65536",
    "pi@-oProxyCommand=x",
    "-l@host",
    "pi@a b",
    "pi@fe80::1",
    "pi@host;id",
  ])("%j is none", (text) => {
    expect(parseNodeAddress(text)).toBeUndefined();
  });
});

test.each([
  ["knownhosts", "knownHosts"],
  ["known_hosts", "knownHosts"],
  ["prot", "port"],
  ["pasword", "password"],
  ["xyz", undefined],
  ["a", undefined],
])("for %s, %s is meant", (typed, meant) => {
  expect(didYouMean(typed, ["knownHosts", "port", "password", "identityFile"])).toBe(meant);
});

test("an OpenRC script's assignments are read, not executed", () => {
  const values = shellAssignments(
    `directory="/opt/z"
export ZIGBEE2MQTT_DATA="\${directory}/data"
  plain=/a/b
single='$directory'
other=$(touch /tmp/x)
back=\`id\`
unknown="$HOME/x"
start() { cd "$directory"; }
`,
    { RC_SVCNAME: "z" },
  );
  expect(values).toEqual({
    RC_SVCNAME: "z",
    directory: "/opt/z",
    ZIGBEE2MQTT_DATA: "/opt/z/data",
    plain: "/a/b",
    single: "$directory",
  });
});
