import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type ParsedNode,
  type YAMLError,
} from "yaml";
import { formatPath, type KeyPath, type Problem } from "./problem.ts";

/** A parsed file that still knows where each of its keys stands. */
export interface SourceText {
  readonly value: unknown;
  /** Where a key (for a list: an item) stands; where it does not exist, the nearest one above it. */
  position(path: KeyPath, of?: "key" | "value"): Position;
  /** Line of every key that the file sets, by its path as formatPath writes it. */
  readonly lines: ReadonlyMap<string, number>;
  /** Of the keys below one, by the rest of their paths. */
  linesBelow(path: KeyPath): readonly (readonly [rest: string, line: number])[];
}

export interface Position {
  readonly line: number;
  readonly column: number;
}

const MOST_SYNTAX_ERRORS = 5;

/** Parses YAML (1.2). Syntax errors come back as problems, in words of our own: the parser's may quote the text. */
export function parseSource(text: string): { source: SourceText } | { problems: Problem[] } {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true });
  const at = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const mistakes = [...document.errors, ...document.warnings];
  if (mistakes.length > 0) return { problems: explainSyntax(mistakes, at, text.trimEnd().length) };
  const loose = looseAliases(document).map((offset) => ({ ...at(offset), key: "", ...LOOSE_ALIAS }));
  if (loose.length > 0) return { problems: loose };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    return {
      problems: [
        {
          line: 1,
          column: 1,
          key: "",
          wrong: "refers to itself too often",
          mend: "write the repeated part out instead of using anchors",
        },
      ],
    };
  }
  const position = (path: KeyPath, of: "key" | "value" = "value"): Position => at(offsetOf(document, path, of));
  const lines = collectLines(document, at);
  const below = groupBelow(lines);
  return { source: { value, position, lines, linesBelow: (path) => below.get(formatPath(path)) ?? [] } };
}

/** Each key under all that are above it: a fleet's file has thousands, and each service asks for its own. */
function groupBelow(lines: ReadonlyMap<string, number>): Map<string, [string, number][]> {
  const below = new Map<string, [string, number][]>();
  for (const [key, line] of lines) {
    for (let dot = key.indexOf("."); dot >= 0; dot = key.indexOf(".", dot + 1)) {
      const above = key.slice(0, dot);
      const known = below.get(above);
      const entry: [string, number] = [key.slice(dot + 1), line];
      if (known) known.push(entry);
      else below.set(above, [entry]);
    }
  }
  return below;
}

/** Where the document refers to anchors that do not exist, which the parser does not count as errors. */
function looseAliases(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(document, {
    Alias(_key, node) {
      if (node.resolve(document) === undefined) offsets.push(startOf(node) ?? 0);
    },
  });
  return offsets;
}

function explainSyntax(errors: readonly YAMLError[], at: (offset: number) => Position, end: number): Problem[] {
  const problems = new Map<number, Problem>();
  for (const error of errors) {
    const place = at(error.pos[0]);
    // One slip of the pen makes the parser stumble several times on its line; the first says what it was.
    if (problems.has(place.line)) continue;
    problems.set(place.line, { ...place, key: "", ...wordsFor(error, end) });
  }
  return [...problems.values()].slice(0, MOST_SYNTAX_ERRORS);
}

interface Words {
  readonly wrong: string;
  readonly mend: string;
}

const MISALIGNED: Words = {
  wrong: "is not indented like its neighbours, or a colon is missing",
  mend: "align it with the keys beside it and write each as `key: value`",
};

const LOOSE_ALIAS: Words = {
  wrong: "has a text that begins with * and so refers to an anchor that does not exist",
  mend: "put the text in quotes",
};

const WORDS: Readonly<Partial<Record<YAMLError["code"], Words>>> = {
  TAB_AS_INDENT: { wrong: "is indented with a tab, which YAML forbids", mend: "indent with spaces" },
  DUPLICATE_KEY: { wrong: "sets a key a second time", mend: "keep one of the two, or join what is below them" },
  BAD_INDENT: MISALIGNED,
  BLOCK_AS_IMPLICIT_KEY: MISALIGNED,
  MULTILINE_IMPLICIT_KEY: MISALIGNED,
  MISSING_CHAR: {
    wrong: "lacks a closing quote, a bracket or a colon",
    mend: "close what is open, and put texts with special characters in quotes",
  },
  BAD_ALIAS: LOOSE_ALIAS,
  BAD_SCALAR_START: {
    wrong: "has a text that begins with a character reserved in YAML",
    mend: "put the text in quotes",
  },
  TAG_RESOLVE_FAILED: { wrong: "has a text that begins with !", mend: "put the text in quotes" },
  BAD_DQ_ESCAPE: {
    wrong: "has an unknown \\ sequence inside double quotes",
    mend: "use single quotes, or write \\\\ for a backslash",
  },
  MULTIPLE_DOCS: { wrong: "begins a second document", mend: "remove the line `---`" },
  NON_STRING_KEY: { wrong: "has a key that is not a text", mend: "put the key in quotes" },
};

function wordsFor(error: YAMLError, end: number): Words {
  if (error.code === "MISSING_CHAR" && error.pos[0] >= end) {
    return {
      wrong: "is the end, but a quote or a bracket is still open",
      mend: "find the line that opens it, and close it there",
    };
  }
  return (
    WORDS[error.code] ?? {
      wrong: "is not valid YAML",
      mend: "check quotes, colons, brackets and indentation around it",
    }
  );
}

/** Offset of the deepest part of the path that exists. */
function offsetOf(document: Document.Parsed, path: KeyPath, of: "key" | "value"): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [index, part] of path.entries()) {
    const last = index === path.length - 1;
    const step = child(document, node, part);
    if (!step) return offset;
    node = step.value;
    const keyStart = step.key === undefined ? undefined : startOf(step.key);
    const valueStart = startOf(node);
    const wanted = last && of === "value" && !isCollection(node) ? valueStart : keyStart;
    offset = wanted ?? valueStart ?? keyStart ?? offset;
  }
  return offset;
}

/** A key stands for what is below it; a plain value for itself. */
function isCollection(node: unknown): boolean {
  return isMap(node) || isSeq(node) || (isScalar(node) && node.value === null);
}

function child(
  document: Document.Parsed,
  parent: unknown,
  part: string | number,
): { key?: unknown; value: unknown } | undefined {
  const node = isAlias(parent) ? parent.resolve(document) : parent;
  if (isMap(node)) {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part));
    return pair && { key: pair.key, value: pair.value };
  }
  if (isSeq(node) && typeof part === "number" && part < node.items.length) return { value: node.items[part] };
  return undefined;
}

function startOf(node: unknown): number | undefined {
  return (node as ParsedNode | null | undefined)?.range?.[0];
}

function collectLines(document: Document.Parsed, at: (offset: number) => Position): Map<string, number> {
  const lines = new Map<string, number>();
  const walk = (parent: unknown, path: KeyPath, depth: number): void => {
    const node = isAlias(parent) ? parent.resolve(document) : parent;
    if (depth > 20) return;
    const parts = isMap(node)
      ? node.items.map((pair) => (isScalar(pair.key) ? String(pair.key.value) : ""))
      : isSeq(node)
        ? [...node.items.keys()]
        : [];
    for (const part of parts) {
      const step = child(document, node, part);
      const start = startOf(step?.key) ?? startOf(step?.value);
      const here = [...path, part];
      if (start !== undefined) lines.set(formatPath(here), at(start).line);
      walk(step?.value, here, depth + 1);
    }
  };
  walk(document.contents, [], 0);
  return lines;
}
