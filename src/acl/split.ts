import type { Cidr } from '../addresses.ts';
import { portsText } from '../ports.ts';
import { type AddressBlock, type AddressRange, blocksOf, holds } from './address-block.ts';
import { both, type Pieces, together } from './pieces.ts';
import { type Asked, type Question, waysOf } from './question.ts';
import { type Ports, portsOf } from './solve.ts';
import { stretchAt } from './stretches.ts';

/** A part of a peer within which every address has the same answer. */
export interface Part extends Ports {
  /** Ascending and as few as there can be. Addresses that no ACL filters go with their neighbours. */
  readonly blocks: readonly Cidr[];
}

/** Cuts one of the question's peers where the entries do; parts with equal ports are one part. */
export function partsOf(question: Question, peer: AddressBlock): readonly Part[] {
  const ways = waysOf({ ...question, peers: [peer] });
  const groups = new Map<string, { pieces: Pieces; spans: AddressRange[] }>();
  for (const { span, pieces } of stretchesOf(ways, peer)) {
    const { ranges, unsure } = portsOf(pieces);
    const key = `${portsText(ranges)};${portsText(unsure)}`;
    const group = groups.get(key);
    if (!group) groups.set(key, { pieces, spans: [span] });
    else {
      group.pieces = both(group.pieces, pieces);
      const last = group.spans.at(-1);
      if (last && last.to + 1n === span.from) group.spans[group.spans.length - 1] = { from: last.from, to: span.to };
      else group.spans.push(span);
    }
  }
  return [...groups.values()].map(({ pieces, spans }) => ({
    ...portsOf(pieces),
    blocks: spans.flatMap((span) => blocksOf(span, peer.family)),
  }));
}

interface Stretch {
  readonly span: AddressRange;
  readonly pieces: Pieces;
}

/** The peer's addresses in order. An unfiltered stretch is joined to the one before it, else to the one behind. */
function stretchesOf(ways: readonly Asked[], peer: AddressBlock): readonly Stretch[] {
  const starts = startsWithin(ways, peer);
  const all: Stretch[] = [];
  let open: bigint | undefined;
  for (const [i, start] of starts.entries()) {
    const to = (starts[i + 1] ?? peer.to + 1n) - 1n;
    const pieces = together(ways.map(({ view }) => view.towards({ from: start, to })));
    const last = all.at(-1);
    if (!isUnfiltered(pieces)) {
      all.push({ span: { from: open ?? start, to }, pieces });
      open = undefined;
    } else if (last) all[all.length - 1] = { ...last, span: { from: last.span.from, to } };
    else open ??= start;
  }
  if (open !== undefined) all.push({ span: peer, pieces: together(ways.map(({ view }) => view.towards(peer))) });
  return all;
}

function startsWithin(ways: readonly Asked[], peer: AddressBlock): readonly bigint[] {
  const inside = ways.flatMap(({ view: { starts } }) =>
    starts.slice(stretchAt(starts, peer.from) + 1).filter((start) => holds(peer, { from: start, to: start })),
  );
  return [...new Set([peer.from, ...inside])].sort((a, b) => (a < b ? -1 : 1));
}

/** Whether no ACL sees any of it. */
export const isUnfiltered = (pieces: Pieces): boolean =>
  pieces.every(({ by }) => by.length > 0 && by.every(({ kind }) => kind === 'unfiltered'));
