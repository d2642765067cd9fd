/** The known word that was probably meant by a mistyped one; undefined where none is near. */
export function didYouMean(typed: string, known: readonly string[]): string | undefined {
  const plain = simplify(typed);
  const same = known.find((word) => simplify(word) === plain);
  if (same) return same;
  const allowed = Math.min(2, Math.floor(plain.length / 3) + 1);
  let best: { word: string; distance: number } | undefined;
  for (const word of known) {
    const distance = editDistance(plain, simplify(word));
    if (distance <= allowed && distance < (best?.distance ?? Number.POSITIVE_INFINITY)) best = { word, distance };
  }
  return best?.word;
}

/** `known_hosts`, `known-hosts` and `KnownHosts` are the same word to whoever types them. */
function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[_\s-]/g, "");
}

/** Insertions, deletions, replacements, and swaps of two neighbours, each counted as one. */
function editDistance(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array<number>(b.length).fill(0)]);
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  rows[0] = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = rows[i] ?? [];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let distance = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) distance = Math.min(distance, at(i - 2, j - 2) + 1);
      row[j] = distance;
    }
  }
  return at(a.length, b.length);
}
