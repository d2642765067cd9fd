import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { putOwnValues } from "../../generations/own-values.ts";
import { SAMPLE_CONFIGURATION } from "../support/data-directory.ts";

describe("a node's own values", () => {
  it("replace what they name and leave comments, order, secrets and numbers as they are", () => {
    const text = putOwnValues(SAMPLE_CONFIGURATION, {
      "serial.port": "/dev/serial/by-id/usb-stick-B",
      "mqtt.server": "mqtt://192.0.2.2",
    });
    const expected = SAMPLE_CONFIGURATION.replace("usb-stick-A", "usb-stick-B").replace("192.0.2.1 #", "192.0.2.2 #");
    expect(text).toBe(expected);
  });

  it("make the maps they need", () => {
    const text = putOwnValues("version: 5\nserial:\n# nothing else\n", {
      "serial.port": "/dev/ttyUSB0",
      "frontend.host": "192.0.2.7",
      "frontend.port": 8_080,
    });
    expect(parse(text)).toEqual({
      version: 5,
      serial: { port: "/dev/ttyUSB0" },
      frontend: { host: "192.0.2.7", port: 8_080 },
    });
    expect(text).toContain("# nothing else");
  });

  it("work on an empty file", () => {
    expect(parse(putOwnValues("", { "serial.port": "/dev/ttyUSB0" }))).toEqual({ serial: { port: "/dev/ttyUSB0" } });
  });

  it("change nothing at all where they are there already", () => {
    const text = "serial:   {port: /dev/ttyUSB0}   # odd spacing\n\n\nmqtt: {}\n";
    expect(putOwnValues(text, { "serial.port": "/dev/ttyUSB0" })).toBe(text);
  });

  it("leave secrets by tag alone, and do not inherit a tag", () => {
    const text = putOwnValues("mqtt:\n  server: !secret server\n  user: !secret user\n", {
      "mqtt.server": "mqtt://192.0.2.2",
    });
    expect(text).toBe("mqtt:\n  server: mqtt://192.0.2.2\n  user: !secret user\n");
  });

  it.each([
    ["a value in the way", "serial: /dev/ttyUSB0\n"],
    ["broken YAML", "serial: [1, secret-7f\nfoo: }"],
    ["a list", "- secret-7f\n"],
  ])("are refused for %s, without the text", (_what, text) => {
    const attempt = (): string => putOwnValues(text, { "serial.port": "x" });
    expect(attempt).toThrow(expect.objectContaining({ id: "GENERATION_INVALID" }));
    expect(attempt).not.toThrow(/secret-7f/);
  });
});
