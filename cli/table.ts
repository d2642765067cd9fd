import Table from "cli-table3";

/** The rows, each only once. */
export function distinct(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return [...new Map(rows.map((row) => [row.join("\n"), row])).values()];
}

/** A plain table: readable in any terminal, in a log and in a mail. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const made = new Table({
    head: [...head],
    style: { head: [], border: [], "padding-left": 1, "padding-right": 1 },
    chars: ASCII,
  });
  for (const row of rows) made.push([...row]);
  return made.toString();
}

const ASCII = {
  top: "-",
  "top-mid": "+",
  "top-left": "+",
  "top-right": "+",
  bottom: "-",
  "bottom-mid": "+",
  "bottom-left": "+",
  "bottom-right": "+",
  left: "|",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "|",
  "right-mid": "",
  middle: "|",
};
