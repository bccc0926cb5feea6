import { type AddressRange, addressBlock } from './address-block.ts';
import { filterOf, type Kind } from './filter.ts';
import { both, everyPort, type Pieces, together } from './pieces.ts';
import type { Service } from './services.ts';
import type { Side } from './side.ts';
import { stretchAt, stretchStarts } from './stretches.ts';
import { unfilteredBy } from './unfiltered.ts';

/** What one service meets on the way there and back, for any addresses of one family; pieces are by our source port. */
export interface View {
  /** The first addresses of the stretches within which all addresses meet the same; ascending, from 0. */
  readonly starts: readonly bigint[];
  /** What passes or drops for all of these addresses; unfiltered ones count only where there are no others. */
  towards(addresses: AddressRange): Pieces;
}

export interface ViewInput {
  readonly own: Side;
  /** The other subnet, whose ACL has to let the same packets pass; our own blocks must be known then. */
  readonly peer?: Side | undefined;
  readonly service: Service;
  readonly family: Kind['family'];
}

/**
 * Looks at a request and its answer. An ACL's ports are those of the packet's destination, so that the request has to pass by
 * the service's port, and the answer by our source port (AWS VPC guide, "Network ACL rules"). What was worked out is kept.
 */
export function viewOf({ own, peer, service, family }: ViewInput): View {
  const kind: Kind = { family, protocol: service.protocol };
  const out = filterOf(own.acl, 'outbound', kind);
  const back = filterOf(own.acl, 'inbound', kind);
  const free = unfilteredBy(own).filter((block) => block.family === family);
  const far = peer ? [farSide(peer, own, { kind, port: service.port })] : [];
  const starts = stretchStarts([...out.blocks, ...back.blocks, ...free]);

  const freeAt = (address: bigint) => free.find(({ from, to }) => from <= address && address <= to);
  const stretch = remembered((index: number): Pieces | undefined => {
    const address = starts[index] ?? 0n;
    return freeAt(address) ? undefined : both(everyPort(out.atPort(address, service.port)), back.byPort(address));
  });
  const span = remembered((key: number): Pieces => {
    const [first, last] = [Math.floor(key / starts.length), key % starts.length];
    const met = new Set<Pieces>();
    for (let index = first; index <= last; index += 1) {
      const pieces = stretch(index);
      if (pieces) met.add(pieces);
    }
    if (met.size > 0) return together([...met, ...far]);
    const why = freeAt(starts[first] ?? 0n)?.why ?? '';
    return everyPort({ verdict: 'pass', by: [{ kind: 'unfiltered', why }] });
  });
  return {
    starts,
    towards: ({ from, to }) => span(stretchAt(starts, from) * starts.length + stretchAt(starts, to)),
  };
}

function remembered<T>(work: (key: number) => T): (key: number) => T {
  const known = new Map<number, { readonly made: T }>();
  return (key) => {
    const seen = known.get(key) ?? { made: work(key) };
    known.set(key, seen);
    return seen.made;
  };
}

/** What the other side's ACL does to packets between it and all of our own blocks. */
function farSide(peer: Side, own: Side, { kind, port }: { kind: Kind; port: number }): Pieces {
  const arriving = filterOf(peer.acl, 'inbound', kind);
  const leaving = filterOf(peer.acl, 'outbound', kind);
  const starts = stretchStarts([...arriving.blocks, ...leaving.blocks]);
  const ours = own.blocks.map(addressBlock).filter(({ family }) => family === kind.family);
  const addresses = ours.flatMap(({ from, to }) => [from, ...starts.filter((start) => from < start && start <= to)]);
  return together(addresses.map((address) => both(everyPort(arriving.atPort(address, port)), leaving.byPort(address))));
}
