import type { BreakdownRow } from "./breakdown.ts";
import { rowsOf } from "./table.ts";
import type { TableRow } from "./table.ts";
import type { Summary } from "./report.ts";

const WIDTH = 900;
const LEFT = 250;
const RIGHT = 70;
const TOP = 40;
const ROW = 34;
const BAR = 20;
const COLOURS = ["#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#9c755f"];
const BETWEEN = "#d4d4d4";
/** Narrower than that, a step's name has no room beside its bar. */
const NAMED_FROM = 55;

/** The outages as bars, each step a piece of its bar, as an SVG document. What was not measured is left out. */
export function plotOf(summary: Summary, breakdown: readonly BreakdownRow[]): string {
  const rows = rowsOf(summary).filter((row) => row.ms !== null);
  const longest = Math.max(1, ...rows.map(({ ms }) => ms ?? 0));
  const scale = (ms: number): number => (ms / longest) * (WIDTH - LEFT - RIGHT);
  const height = TOP + rows.length * ROW + 20;
  const bars = rows.map((row, index) => bar(row, { y: TOP + index * ROW, scale, breakdown }));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="10" y="22" font-size="15">A light obeys nobody for so many seconds (${summary.devices} devices, medians)</text>`,
    ...bars,
    "</svg>",
    "",
  ].join("\n");
}

function bar(
  row: TableRow,
  { y, scale, breakdown }: { y: number; scale: (ms: number) => number; breakdown: readonly BreakdownRow[] },
): string {
  const total = row.ms ?? 0;
  const pieces = piecesOf(
    total,
    breakdown.filter(({ part, fault }) => part === row.part && fault === row.fault),
  );
  const drawn = pieces.map(({ name, from, to, colour }) => {
    const [x, width] = [LEFT + scale(from), scale(to - from)];
    const title = `<title>${escape(name)}: ${Math.round(to - from)} ms</title>`;
    const label =
      width < NAMED_FROM + name.length * 5
        ? ""
        : `<text x="${round(x + 4)}" y="${y + 14}" fill="${colour === BETWEEN ? "#333333" : "#ffffff"}" font-size="10">${escape(name)}</text>`;
    return `<g>${title}<rect x="${round(x)}" y="${y}" width="${round(width)}" height="${BAR}" fill="${colour}"/>${label}</g>`;
  });
  const name = `<text x="${LEFT - 8}" y="${y + 14}" text-anchor="end">${escape(row.what)}</text>`;
  const value = `<text x="${round(LEFT + scale(total) + 6)}" y="${y + 14}">${(total / 1000).toFixed(1)} s</text>`;
  return [name, ...drawn, value].join("\n");
}

interface Piece {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly colour: string;
}

/** The steps that fill the outage one after the other; what overlaps counts for the one that began first. */
function piecesOf(total: number, rows: readonly BreakdownRow[]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  const fill = (name: string, to: number, colour: string): void => {
    if (to > at) pieces.push({ name, from: at, to, colour });
    at = Math.max(at, to);
  };
  for (const { what, fromMs, ms } of rows) {
    if (ms === undefined || fromMs >= total) continue;
    fill("between the steps", Math.min(fromMs, total), BETWEEN);
    fill(what, Math.min(fromMs + ms, total), COLOURS[pieces.length % COLOURS.length] ?? BETWEEN);
  }
  fill("until the light obeys", total, BETWEEN);
  return pieces;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
