import { find, setText } from './page-elements.ts';
import type { Flows, Pair, Service } from './shapes.ts';
import { sortedTable } from './table.ts';

/** `tcp 203.0.113.10:443`. */
export const serviceText = ({ protocol, address, port }: Service): string =>
  `${protocol} ${address.includes(':') ? `[${address}]` : address}:${port}`;

const PHASES = ['opening', 'open', 'closing'] as const;
const phases = (one: Record<(typeof PHASES)[number], number>): number[] => PHASES.map((name) => one[name]);

/** The tables of destinations and containers, and what a click on a row opens. */
export function connectionTables(): (flows: Flows) => void {
  const search = find('search', HTMLInputElement);
  const destinations = sortedTable(
    find('destinations', HTMLElement),
    ['destination', 'from', 'in use', '% full', 'full in s', ...PHASES, 'no answer'],
    { search, sortBy: 2 },
  );
  const containers = sortedTable(
    find('containers', HTMLElement),
    ['container', 'part of', 'connections', ...PHASES, 'out of range', 'no answer'],
    { search, sortBy: 2 },
  );
  const detail = detailDialog();
  return ({ report, destinations: rows, pairs }) => {
    destinations.show(
      rows.map((one) => ({
        cells: [
          ...[serviceText(one), one.leaving, one.inUse],
          ...[Math.round((one.inUse / Math.max(1, one.available)) * 1000) / 10, one.fullInS ?? ''],
          ...[...phases(one), one.hanging],
        ],
        open: () =>
          detail(
            `Who fills ${serviceText(one)}`,
            pairs.filter((pair) => serviceText(pair) === serviceText(one)),
            (pair) => (pair.name ? `${pair.name} (${pair.source})` : `${pair.source} (${pair.kind})`),
          ),
      })),
    );
    containers.show(
      (report?.containers ?? []).map((one) => ({
        cells: [...[one.name, one.group ?? one.image, one.flows], ...[...phases(one), one.outOfRange, one.hanging]],
        open: () =>
          detail(
            `Where ${one.name} connects to`,
            pairs.filter(({ source }) => one.addresses.includes(source)),
            serviceText,
          ),
      })),
    );
  };
}

function detailDialog() {
  const dialog = find('detail', HTMLDialogElement);
  const table = sortedTable(
    find('detail-rows', HTMLElement),
    ['', 'connections', ...PHASES, 'out of range', 'no answer'],
    { sortBy: 1 },
  );
  find('detail-close', HTMLButtonElement).addEventListener('click', () => dialog.close());
  return (title: string, pairs: readonly Pair[], name: (pair: Pair) => string): void => {
    setText('detail-title', title);
    setText('detail-note', pairs.length === 0 ? 'It is not among the 300 pairs with the most connections.' : '');
    table.show(
      pairs.map((pair) => ({
        cells: [name(pair), pair.flows, ...phases(pair), pair.outOfRange, pair.hanging],
        marked: pair.outOfRange > 0,
      })),
    );
    dialog.showModal();
  };
}
