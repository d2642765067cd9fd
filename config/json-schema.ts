import { z } from "zod";
import { fileSchema } from "./schema.ts";

/** Keywords of ours that mean something to messages only, not to an editor. */
const OWN_KEYWORDS = ["expected", "secret"] as const;

/** The JSON schema of understudy.yaml, for editors: `# yaml-language-server: $schema=…`. Pure. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(fileSchema, {
    io: "input",
    target: "draft-07",
    override: ({ jsonSchema }) => {
      for (const keyword of OWN_KEYWORDS) delete jsonSchema[keyword];
    },
  });
}

/** The committed file's exact text. */
export function configJsonSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`;
}
