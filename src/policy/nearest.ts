/** The word that was most likely meant, or undefined where none is close: case, `-` and `_` do not count, one slip in three letters does. */
export function nearest(text: string, words: readonly string[]): string | undefined {
  if (text.length > LONGEST) return undefined;
  const typed = plain(text);
  const ranked = words
    .map((word) => ({ word, distance: editDistance(typed, plain(word)) }))
    .filter(({ word, distance }) => distance <= Math.max(1, Math.floor(Math.min(word.length, text.length) / 3)))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.word;
}

const LONGEST = 40;

function plain(text: string): string {
  return text.toLowerCase().replace(/[-_\s]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(at(row, j - 1) + 1, at(last, j) + 1, at(last, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(before, j - 2) + 1);
      row.push(cost);
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], j: number): number {
  return row[j] ?? Number.POSITIVE_INFINITY;
}
