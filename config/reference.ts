import { z } from "zod";
import { fileSchema } from "./schema.ts";

interface Row {
  readonly key: string;
  readonly what: string;
  readonly fallback: string;
}

/** The tables, each with the part of the key that its rows leave out. The longest that fits a key takes it. */
const TABLES = [
  { title: "A node: `services.NAME.nodes[]`", prefix: "services.NAME.nodes[]." },
  { title: "A rung: `services.NAME.nodes[].fencing[]`", prefix: "services.NAME.nodes[].fencing[]." },
  { title: "A service: `services.NAME`", prefix: "services.NAME." },
  { title: "Temporal: `temporal`", prefix: "temporal." },
] as const;

/** All keys of understudy.yaml as Markdown tables, made from the schema: what each is, and what holds without it. */
export function configReference(): string {
  const rows = collect(fileSchema, "");
  return TABLES.map(({ title, prefix }) => {
    const own = rows.filter((row) => tableOf(row) === prefix);
    const lines = own.map(({ key, what, fallback }) => `| \`${key.slice(prefix.length)}\` | ${what} | ${fallback} |`);
    return [`### ${title}`, "", "| Key | What it is | Default |", "|---|---|---|", ...lines].join("\n");
  }).join("\n\n");
}

function tableOf({ key }: Row): string | undefined {
  const fitting = TABLES.map(({ prefix }) => prefix).filter((prefix) => key.startsWith(prefix));
  return fitting.sort((a, b) => b.length - a.length)[0];
}

function collect(schema: z.ZodType, key: string): Row[] {
  const plain = readable(schema);
  if (plain instanceof z.ZodObject) {
    return Object.entries(plain.shape as Record<string, z.ZodType>).flatMap(([name, inner]) =>
      member(inner, key === "" ? name : `${key}.${name}`),
    );
  }
  if (plain instanceof z.ZodArray) return collect(plain.element as z.ZodType, `${key}[]`);
  if (plain instanceof z.ZodRecord) return collect(plain.valueType as z.ZodType, `${key}.NAME`);
  return [];
}

function member(schema: z.ZodType, key: string): Row[] {
  const plain = schema instanceof z.ZodOptional ? (schema.unwrap() as z.ZodType) : schema;
  const meta = plain.meta();
  const fallback: unknown = meta?.default;
  const own: Row = {
    key,
    what: (meta?.description ?? "").replaceAll("|", "\\|"),
    fallback:
      fallback === undefined
        ? schema instanceof z.ZodOptional
          ? ""
          : "required"
        : `\`${typeof fallback === "string" ? fallback : JSON.stringify(fallback)}\``,
  };
  // `node:` has the same keys as a node, a jump host those of a login, and `set` those of another program's file.
  const isLeaf = /\.(node|set|jump|secrets)$/.test(key) || meta?.secret === true;
  return [own, ...(isLeaf ? [] : collect(plain, key))];
}

/** Of several ways to write a value, the one with keys. */
function readable(schema: z.ZodType): z.ZodType {
  if (!(schema instanceof z.ZodUnion)) return schema;
  const options = schema.options as readonly z.ZodType[];
  return options.find((option) => option instanceof z.ZodObject) ?? schema;
}
