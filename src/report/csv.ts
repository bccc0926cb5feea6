/** A cell of a table; text may come from outside, as names of containers do. */
export type CsvCell = string | number;

/** What makes a spreadsheet take a cell for a formula (OWASP, CSV injection), in both widths of the letters. */
const FORMULA = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** Rows as comma-separated values (RFC 4180). A text that a spreadsheet would run begins with a single quote, in a quoted cell. */
export const csvLines = (rows: readonly (readonly CsvCell[])[]): readonly string[] =>
  rows.map((row) => row.map(csvCell).join(','));

function csvCell(cell: CsvCell): string {
  if (typeof cell === 'number') return String(cell);
  if (FORMULA.test(cell)) return quoted(`'${cell}`);
  return /[",;\t\r\n]/.test(cell) ? quoted(cell) : cell;
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
