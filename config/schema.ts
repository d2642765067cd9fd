import { z } from "zod";
import { service } from "./schema/service.ts";
import { temporal } from "./schema/temporal.ts";
import { NAME_PATTERN } from "./schema/values.ts";

/**
 * understudy.yaml as the user writes it: nothing but `services` is required. Defaults are not filled in here, because a
 * node's settings are first joined with those of its service (resolve.ts). The `meta` of each key is its documentation:
 * the JSON schema, the table in docs/configuration.md and the error messages are made from it.
 */
export const fileSchema = z
  .strictObject({
    services: z
      .record(z.string().regex(NAME_PATTERN), service)
      .refine((services) => Object.keys(services).length > 0, { message: "names no service" })
      .meta({
        description: "The services, by name.",
        expected: "at least one service by its name",
        examples: [{ zigbee: { nodes: ["pi@10.0.0.2", "pi@10.0.0.3"] } }],
      }),
    temporal: temporal.optional(),
  })
  .meta({
    title: "understudy.yaml",
    description: "Configuration of Understudy.",
    expected: "the configuration (services: …)",
  });

export type FileInput = z.input<typeof fileSchema>;
