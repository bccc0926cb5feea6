/** A column of a Markdown table. */
export interface Column {
  readonly head: string;
  /** Numbers stand to the right. */
  readonly align?: 'right';
}

/** A Markdown table whose columns line up in a terminal too. One string a line. */
export function markdownTable(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly string[] {
  const texts = rows.map((row) => columns.map((_, index) => (row[index] ?? '').replaceAll('|', '\\|')));
  const widths = columns.map(({ head }, index) =>
    Math.max(3, head.length, ...texts.map((row) => row[index]?.length ?? 0)),
  );
  const pad = (text: string, index: number): string =>
    columns[index]?.align === 'right' ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0);
  const rule = columns.map(({ align }, index) => {
    const dashes = '-'.repeat(widths[index] ?? 0);
    return align === 'right' ? `${dashes.slice(1)}:` : dashes;
  });
  const heads = columns.map(({ head }, index) => pad(head, index));
  return [heads, rule, ...texts.map((row) => row.map(pad))].map((cells) => `| ${cells.join(' | ')} |`);
}
