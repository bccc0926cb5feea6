import type { AddressRow } from '../plan/address-table.ts';
import { tableLines } from './table.ts';

const KEPT_APART = 'as its own rules';

/** What becomes of source addresses, for people: one row for each origin, and one for each destination that rules treat otherwise. */
export function addressLines(rows: readonly AddressRow[]): readonly string[] {
  if (rows.length === 0) return ['no interface that leads out has an address: nothing to show'];
  const changed = rows.filter(({ same }) => !same).length;
  return [
    ...tableLines([
      ['', 'from', 'family', 'to', 'by uplink', 'address before', 'address after', 'which rule decides'],
      ...rows.map(({ from, source, family, destination, uplink, before, after, by, same }) => [
        same ? '' : '!',
        from === 'host' ? from : `${from} (${source})`,
        family,
        destination,
        uplink,
        before ?? KEPT_APART,
        after ?? KEPT_APART,
        by,
      ]),
    ]),
    changed === 0 ? 'every source address stays as it is' : `${changed} of ${rows.length} source addresses change (!)`,
  ];
}
