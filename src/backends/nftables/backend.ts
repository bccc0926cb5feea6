import { CONFINE_PRIORITY } from '../../plan/follow.ts';
import type { Backend } from '../backend.ts';
import { driftBetween, PASSING_SETS, sameSet } from '../drift.ts';
import type { FenceListing } from '../listing.ts';
import { observeFence } from '../listing.ts';
import { nftCheck, nftLoad, nftQuickLoad } from './load.ts';
import { chainLine, creation, nftTable } from './render.ts';
import { listingOf } from './scratch.ts';
import { refusal } from './script.ts';
import { FAMILY, TABLE } from './table.ts';
import { deletion, type Present, replacement } from './transaction.ts';

/** A table of our own, `inet portfence`. */
export const nftables: Backend = {
  id: 'nftables',
  observe: observeFence,
  creation: (plan) => creation(nftTable(plan)),
  wanted: listingOf,
  drift: driftBetween,
  isOutdated: (wanted, present) => {
    const passing = ({ sets }: FenceListing) =>
      sets
        .filter(({ name }) => PASSING_SETS.includes(name))
        .map(({ name, elements }) => [name, ...elements.toSorted()]);
    return JSON.stringify(passing(wanted)) !== JSON.stringify(passing(present));
  },
  replacement: (lines, present, wanted) =>
    replacement(lines, countersIn(lines), present && presentNames(present, lines, wanted)),
  deletion: () => deletion,
  // `create` refuses where the table is there, and with it the whole transaction.
  repair: async (_, lines) => lines.map((line) => line.replace(/^add table /, 'create table ')),
  draining: () => [...deletion, ...DRAIN],
  parts: (lines) =>
    lines.length === 0
      ? []
      : [
          {
            tool: 'nft',
            commit: nftLoad,
            quickCommit: nftQuickLoad,
            test: nftCheck,
            lines,
            refusal: (done) => refusal(done, lines),
          },
        ],
  layers: (present) => {
    const has = (name: string) => present?.chains.some((chain) => chain.name === name && chain.base) ?? false;
    return { confine: has('confine'), guard: has('guard') };
  },
  ownsNat: (chain) => chain.table === TABLE,
  comesAfter: (chain) => chain.table !== TABLE && chain.priority <= CONFINE_PRIORITY,
  limits: () => [],
};

/**
 * A nat chain that maps nothing keeps the kernel translating the connections that have a mapping. Its one rule asks for the
 * connection's state, since only a rule that does so keeps connection tracking switched on (nft_ct.c, nf_ct_netns_get).
 */
const DRAIN: readonly string[] = [
  `add table ${FAMILY} ${TABLE}`,
  `add chain ${FAMILY} ${TABLE} drain { type nat hook postrouting priority ${CONFINE_PRIORITY}; policy accept; }`,
  `add rule ${FAMILY} ${TABLE} drain ct state new accept comment "drain: maps nothing, carries what was mapped to its end"`,
];

function countersIn(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => /^add counter \S+ \S+ (\S+)$/.exec(line)?.[1] ?? []);
}

function presentNames(listing: FenceListing, lines: readonly string[], wanted: FenceListing | undefined): Present {
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);
  const hooked = listing.chains.filter(({ name, base }) => base && lines.includes(chainLine({ name, base })));
  return {
    chains: names(listing.chains),
    hooked: names(hooked),
    sets: names(listing.sets),
    filled: names(listing.sets.filter((set) => wanted?.sets.some((other) => sameSet(other, set)))),
    counters: names(listing.counters),
  };
}
