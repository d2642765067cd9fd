import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { configJsonSchemaText } from "./json-schema.ts";
import { configReference } from "./reference.ts";

// Run by hand after a change of the schema: node config/write-json-schema.ts. Tests hold both files against the schema.
const path = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));

await mkdir(path("schema"), { recursive: true });
await writeFile(path("schema/understudy.schema.json"), configJsonSchemaText());

const documentation = await readFile(path("docs/configuration.md"), "utf8");
const table = /(?<=<!-- keys -->\n)[^]*(?=\n<!-- \/keys -->)/;
await writeFile(
  path("docs/configuration.md"),
  documentation.replace(table, () => configReference()),
);
