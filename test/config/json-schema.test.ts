import { readFile } from "node:fs/promises";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { configJsonSchema, configJsonSchemaText } from "../../config/json-schema.ts";
import { configReference } from "../../config/reference.ts";

const repository = (path: string): URL => new URL(`../../${path}`, import.meta.url);

test("the committed schema is current (node config/write-json-schema.ts)", async () => {
  expect(await readFile(repository("schema/understudy.schema.json"), "utf8")).toBe(configJsonSchemaText());
});

test("the documentation's table is current (node config/write-json-schema.ts)", async () => {
  expect(await readFile(repository("docs/configuration.md"), "utf8")).toContain(configReference());
});

describe("an editor that validates with it", () => {
  const validate = new Ajv({ strict: false }).compile(configJsonSchema());

  test("accepts every sample of the documentation", async () => {
    const samples = [
      ...(await readFile(repository("docs/configuration.md"), "utf8")).matchAll(/```yaml\n(services:[^]*?)```/g),
    ];
    expect(samples.length).toBeGreaterThan(4);
    for (const [, sample = ""] of samples) {
      expect(validate(parse(sample)), `${JSON.stringify(validate.errors)} in\n${sample}`).toBe(true);
    }
  });

  test.each([
    "services: {}\nx: 1",
    "services: { z: { nodes: [pi@a] } }",
    "services: { z: { nodes: [pi@a, a] } }",
    "services: { z: { nodes: [pi@a, pi@b], policy: { proofTimeout: 15 } } }",
  ])("refuses %s", (text) => {
    expect(validate(parse(text))).toBe(false);
  });
});
