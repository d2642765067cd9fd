/**
 * Reads the assignments of an OpenRC script or of its conf.d file as text; nothing is executed. Knows quotes and
 * `$NAME` / `${NAME}` of names assigned before; a value that needs more of a shell than that is left out.
 */
export function shellAssignments(text: string, known: Readonly<Record<string, string>> = {}): Record<string, string> {
  const values: Record<string, string> = { ...known };
  for (const line of text.split("\n")) {
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]{0,63})=(?:"([^"]*)"|'([^']*)'|([^\s;"'&|]*))/.exec(line);
    const name = match?.[1];
    if (!match || name === undefined) continue;
    const literal = match[3];
    const value = literal ?? expand(match[2] ?? match[4] ?? "", values);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function expand(text: string, values: Readonly<Record<string, string>>): string | undefined {
  const expanded = text.replaceAll(
    /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g,
    (whole, braced?: string, bare?: string) => {
      const value = values[braced ?? bare ?? ""];
      return value ?? whole;
    },
  );
  return /[$`\\]/.test(expanded) ? undefined : expanded;
}
