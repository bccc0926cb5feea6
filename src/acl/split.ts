import type { Cidr } from '../addresses.ts';
import { portsText } from '../ports.ts';
import { type AddressBlock, type AddressRange, blocksOf, holds, intervalAt } from './address-block.ts';
import { both, type PortSegments, together } from './port-segments.ts';
import { type Asked, type Question, waysOf } from './question.ts';
import { type Ports, portsOf } from './solve.ts';

/** A part of a peer within which every address has the same answer. */
export interface PeerPart extends Ports {
  /** Ascending and as few as there can be. Addresses that no ACL filters go with their neighbours. */
  readonly blocks: readonly Cidr[];
}

/** Cuts one of the question's peers where the entries do; parts with equal ports are one part. */
export function partsOf(question: Question, peer: AddressBlock): readonly PeerPart[] {
  const ways = waysOf({ ...question, peers: [peer] });
  const groups = new Map<string, { segments: PortSegments; spans: AddressRange[] }>();
  for (const { span, segments } of intervalsOf(ways, peer)) {
    const { ranges, unsure } = portsOf(segments);
    const key = `${portsText(ranges)};${portsText(unsure)}`;
    const group = groups.get(key);
    if (!group) groups.set(key, { segments, spans: [span] });
    else {
      group.segments = both(group.segments, segments);
      const last = group.spans.at(-1);
      if (last && last.to + 1n === span.from) group.spans[group.spans.length - 1] = { from: last.from, to: span.to };
      else group.spans.push(span);
    }
  }
  return [...groups.values()].map(({ segments, spans }) => ({
    ...portsOf(segments),
    blocks: spans.flatMap((span) => blocksOf(span, peer.family)),
  }));
}

interface PeerInterval {
  readonly span: AddressRange;
  readonly segments: PortSegments;
}

/** The peer's addresses in order. An unfiltered interval is joined to the one before it, else to the one behind. */
function intervalsOf(ways: readonly Asked[], peer: AddressBlock): readonly PeerInterval[] {
  const starts = startsWithin(ways, peer);
  const all: PeerInterval[] = [];
  let open: bigint | undefined;
  for (const [i, start] of starts.entries()) {
    const to = (starts[i + 1] ?? peer.to + 1n) - 1n;
    const segments = together(ways.map(({ trip }) => trip.towards({ from: start, to })));
    const last = all.at(-1);
    if (!isUnfiltered(segments)) {
      all.push({ span: { from: open ?? start, to }, segments });
      open = undefined;
    } else if (last) all[all.length - 1] = { ...last, span: { from: last.span.from, to } };
    else open ??= start;
  }
  if (open !== undefined) all.push({ span: peer, segments: together(ways.map(({ trip }) => trip.towards(peer))) });
  return all;
}

function startsWithin(ways: readonly Asked[], peer: AddressBlock): readonly bigint[] {
  const inside = ways.flatMap(({ trip: { starts } }) =>
    starts.slice(intervalAt(starts, peer.from) + 1).filter((start) => holds(peer, { from: start, to: start })),
  );
  return [...new Set([peer.from, ...inside])].sort((a, b) => (a < b ? -1 : 1));
}

/** Whether no ACL sees any of it. */
export const isUnfiltered = (segments: PortSegments): boolean =>
  segments.every(({ by }) => by.length > 0 && by.every(({ kind }) => kind === 'unfiltered'));
