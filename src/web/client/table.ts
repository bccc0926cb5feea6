/** A cell: what it shows, and what it sorts by. */
export type Cell = string | number;

/** A row; `open` is what a click on its first cell does. */
export interface Row {
  readonly cells: readonly Cell[];
  readonly open?: () => void;
  readonly marked?: boolean;
}

const MOST_ROWS = 100;

/** A table that sorts by a head and shows rows that hold a text; every text goes in as text, never as HTML. */
export function sortedTable(
  place: HTMLElement,
  heads: readonly string[],
  { search, sortBy = -1 }: { readonly search?: HTMLInputElement; readonly sortBy?: number } = {},
) {
  let rows: readonly Row[] = [];
  let column = sortBy;
  let down = true;
  const table = document.createElement('table');
  const head = table.createTHead().insertRow();
  const body = table.createTBody();
  const buttons = heads.map((title, i) => {
    const cell = document.createElement('th');
    const button = document.createElement('button');
    cell.scope = 'col';
    button.textContent = title;
    button.addEventListener('click', () => {
      down = column === i ? !down : true;
      column = i;
      draw();
    });
    cell.append(button);
    head.append(cell);
    return cell;
  });
  const draw = (): void => {
    const wanted = search?.value.toLowerCase() ?? '';
    const shown = rows.filter(({ cells }) => cells.join(' ').toLowerCase().includes(wanted));
    if (column >= 0) shown.sort((a, b) => compare(a.cells[column], b.cells[column]) * (down ? -1 : 1));
    for (const [i, cell] of buttons.entries()) {
      cell.className = typeof rows[0]?.cells[i] === 'number' ? 'number' : '';
      cell.setAttribute('aria-sort', i !== column ? 'none' : down ? 'descending' : 'ascending');
    }
    body.replaceChildren(...shown.slice(0, MOST_ROWS).map(lineOf));
  };
  search?.addEventListener('input', draw);
  place.append(table);
  return {
    show: (next: readonly Row[]) => {
      rows = next;
      draw();
    },
  };
}

function lineOf({ cells, open, marked }: Row): HTMLTableRowElement {
  const line = document.createElement('tr');
  if (marked) line.className = 'bad';
  for (const [i, value] of cells.entries()) {
    const cell = line.insertCell();
    if (typeof value === 'number') cell.className = 'number';
    if (i === 0 && open) {
      const button = document.createElement('button');
      button.className = 'open';
      button.textContent = String(value);
      button.addEventListener('click', open);
      cell.append(button);
    } else cell.textContent = String(value);
  }
  return line;
}

function compare(a: Cell | undefined, b: Cell | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  // What is not known comes last either way of thinking: it is less than any number.
  if (typeof a === 'number' || typeof b === 'number') return typeof a === 'number' ? 1 : -1;
  return String(b ?? '').localeCompare(String(a ?? ''), undefined, { numeric: true });
}
