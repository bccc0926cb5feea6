/** Styles of a part of a line. Without colour only `inverse` is shown. */
export type Style = 'plain' | 'dim' | 'good' | 'warn' | 'bad' | 'inverse' | 'bold';

/** A part of a line in one style. Its text is scrubbed and holds no newline. */
export type Part = readonly [text: string, style?: Style];
export type Line = readonly Part[];

const CODES: Readonly<Record<Style, string>> = {
  ...{ plain: '0', dim: '2', good: '32', warn: '33', bad: '1;31', inverse: '7', bold: '1' },
};

/** A line as a terminal takes it, cut off at the width and filled up to it where it is inverse. */
export function lineText(
  line: Line,
  { columns, colour }: { readonly columns: number; readonly colour: boolean },
): string {
  let left = columns;
  let text = '';
  for (const [words, style = 'plain'] of line) {
    const shown = [...words].slice(0, left).join('');
    left -= [...shown].length;
    const code = colour || style === 'inverse' ? CODES[style] : '0';
    text += code === '0' ? shown : `\x1b[${code}m${shown}\x1b[0m`;
    if (left === 0) break;
  }
  return text;
}

/** What turns the rows of a screen into others: only rows that differ are written. Pure. */
export function screenChange(before: readonly string[], after: readonly string[]): string {
  const rows = Array.from({ length: Math.max(before.length, after.length) }, (_, row) => row);
  return rows
    .filter((row) => before[row] !== after[row])
    .map((row) => `\x1b[${row + 1};1H${after[row] ?? ''}\x1b[K`)
    .join('');
}
