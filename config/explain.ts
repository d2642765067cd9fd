import type { z } from "zod";
import { didYouMean } from "./did-you-mean.ts";
import { DURATION_PATTERN } from "./duration.ts";
import { formatPath, type KeyPath, type Problem } from "./problem.ts";
import { knowledgeAt, type KeyKnowledge } from "./schema-at.ts";
import type { SourceText } from "./source-text.ts";

type Issue = z.core.$ZodIssue;

/** Turns what zod found into problems with line, key, and a way to mend each. */
export function explainIssues(issues: readonly Issue[], schema: z.ZodType, source: SourceText): Problem[] {
  const problems = issues.flatMap((issue) => explainIssue(issue, [], schema, source));
  return problems.sort((a, b) => a.line - b.line || a.column - b.column);
}

function explainIssue(issue: Issue, above: KeyPath, schema: z.ZodType, source: SourceText): Problem[] {
  const path = [...above, ...issue.path.map((part) => (typeof part === "number" ? part : String(part)))];
  const value = valueAt(source.value, path);
  const known = knowledgeAt(schema, path, source.value);
  const problem = (of: "key" | "value", at: KeyPath, wrong: string, mend: string): Problem => ({
    ...source.position(at, of),
    key: formatPath(at),
    wrong,
    mend,
  });
  // Whatever is wrong with a secret, nothing inside it is repeated, not even a key.
  if (known.secret)
    return [problem("key", path, `must be ${known.expected ?? "a text"}`, secretMend(value, path, known))];

  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) =>
        problem("key", [...path, key], "is not a key that exists here", mendUnknownKey(key, known)),
      );
    case "invalid_union": {
      const fitting = issue.errors.filter((branch) => !branch.some((inner) => isOfAnotherKind(inner, value)));
      const only = fitting.length === 1 ? fitting[0] : undefined;
      if (only) return only.flatMap((inner) => explainIssue(inner, path, schema, source));
      return [problem("value", path, mustBe(known, value), mendValue(value, path, known))];
    }
    case "invalid_key":
      return [problem("key", path, "is not a possible name", mendName(path))];
    case "custom":
      return [problem("value", path, issue.message, mendExample(path, known))];
    case "too_small":
    case "too_big":
    case "invalid_format":
    case "invalid_value":
    case "invalid_type":
    case "not_multiple_of":
    case "invalid_element":
      if (value === undefined) return [problem("key", path, "is missing", `add ${example(path, known)}`)];
      return [problem("value", path, mustBe(known, value), mendValue(value, path, known))];
  }
}

/** A branch for another kind of value than the one that is there: a word where a mapping stands, and the like. */
function isOfAnotherKind({ code, path }: Issue, value: unknown): boolean {
  if (path.length > 0) return false;
  return code === "invalid_type" || (code === "invalid_value" && typeof value === "object");
}

function mustBe(known: KeyKnowledge, value: unknown): string {
  const expected =
    known.choices.length > 0 ? `one of ${known.choices.join(", ")}` : (known.expected ?? "something else");
  return `must be ${expected}${kindOf(value, known)}`;
}

/** Says what kind of thing is there, never the thing itself. */
function kindOf(value: unknown, known: KeyKnowledge): string {
  if (value === null) return ", but has no value";
  if (Array.isArray(value)) return `, but is a list of ${value.length}`;
  if (typeof value === "object") return ", but is a mapping (key: value)";
  if (known.choices.length > 0 || typeof value === typeof known.example) return ", which it is not";
  if (typeof value === "number") return ", but is a number";
  return typeof value === "boolean" ? ", but is true or false" : ", but is a text";
}

function mendUnknownKey(key: string, known: KeyKnowledge): string {
  const meant = didYouMean(key, known.keys);
  if (meant) return `write "${meant}", if that was meant, or remove it`;
  return known.keys.length > 0 ? `remove it; possible here: ${known.keys.join(", ")}` : "remove it";
}

function mendValue(value: unknown, path: KeyPath, known: KeyKnowledge): string {
  if (typeof value === "string" && known.choices.length > 0) {
    const meant = didYouMean(value, known.choices);
    if (meant) return `write ${keyed(path, meant)}, if that was meant`;
  }
  if (value === null) return `write ${example(path, known)}, or remove the line`;
  const wantsText = typeof known.example === "string" && !DURATION_PATTERN.test(known.example);
  const isBare = typeof value === "number" || typeof value === "boolean";
  return mendExample(path, known) + (wantsText && isBare ? "; without quotes it is not a text" : "");
}

function secretMend(value: unknown, path: KeyPath, known: KeyKnowledge): string {
  if (typeof value === "number" || typeof value === "boolean") return "put the value in quotes, or better into a file";
  return mendExample(path, known);
}

function mendName(path: KeyPath): string {
  if (path.at(-2) === "set") return "write a dotted path of Zigbee2MQTT's configuration, for example frontend.host";
  return "use letters, digits, dots, dashes and underscores, at most 63, beginning with a letter or digit";
}

function mendExample(path: KeyPath, known: KeyKnowledge): string {
  return known.example === undefined ? "see docs/configuration.md" : `write for example ${example(path, known)}`;
}

function example(path: KeyPath, known: KeyKnowledge): string {
  return keyed(path, known.example ?? "…");
}

function keyed(path: KeyPath, value: unknown): string {
  const key = path.at(-1);
  if (key === undefined) return inline(value);
  return typeof key === "number" ? `\`- ${inline(value)}\`` : `\`${key}: ${inline(value)}\``;
}

/** A value on one line of YAML. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `${key}: ${inline(inner)}`)
      .join(", ")} }`;
  }
  const text = String(value);
  const plain = typeof value !== "string" || (/^[\w~/.][\w@/.:~ -]*$/.test(text) && !/^[\d.]+$/.test(text));
  return plain ? text : JSON.stringify(text);
}

function valueAt(root: unknown, path: KeyPath): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
