import { z } from "zod";
import type { KeyPath } from "./problem.ts";

/** What the schema says about one key of the file. */
export interface KeyKnowledge {
  /** Completes "must be …". */
  readonly expected: string | undefined;
  readonly example: unknown;
  /** Keys that are possible inside, for a mapping. */
  readonly keys: readonly string[];
  /** Words that are possible as the value, for a choice. */
  readonly choices: readonly string[];
  /** The path led to a secret or into one. */
  readonly secret: boolean;
}

/** Finds what the schema says about a path, choosing between alternatives by what the file has there. */
export function knowledgeAt(root: z.ZodType, path: KeyPath, value: unknown): KeyKnowledge {
  let schema = choose(root, value);
  let here = value;
  for (const part of path) {
    if (schema.meta()?.secret) break;
    const inside = step(schema, part);
    if (!inside) break;
    here = isContainer(here) ? here[part] : undefined;
    schema = choose(inside, here);
  }
  const meta = schema.meta();
  return {
    expected: meta?.expected,
    example: Array.isArray(meta?.examples) ? meta.examples[0] : undefined,
    keys: schema instanceof z.ZodObject ? Object.keys(schema.shape) : [],
    choices: schema instanceof z.ZodEnum ? schema.options.map(String) : [],
    secret: meta?.secret === true,
  };
}

/** The alternative that fits the kind of value; the whole union where none does, or where it is a secret. */
function choose(schema: z.ZodType, value: unknown): z.ZodType {
  const plain = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  if (!(plain instanceof z.ZodUnion) || plain.meta()?.secret) return plain;
  const options = plain.options as readonly z.ZodType[];
  return options.find((option) => acceptsKind(option, value)) ?? plain;
}

function acceptsKind(option: z.ZodType, value: unknown): boolean {
  if (option instanceof z.ZodObject) return isContainer(value) && !Array.isArray(value);
  if (option instanceof z.ZodArray) return Array.isArray(value);
  return option instanceof z.ZodString && typeof value === "string";
}

function step(schema: z.ZodType, part: string | number): z.ZodType | undefined {
  if (schema instanceof z.ZodObject) return schema.shape[part] as z.ZodType | undefined;
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
  if (schema instanceof z.ZodArray) return schema.element as z.ZodType;
  return undefined;
}

function isContainer(value: unknown): value is Record<string | number, unknown> {
  return typeof value === "object" && value !== null;
}
