import { type AddressRange, addressBlock, intervalAt, intervalStarts } from './address-block.ts';
import { filterOf, type PacketKind } from './filter.ts';
import type { Side } from './model.ts';
import { acrossWorlds, everyPort, type PortSegments, requestAndAnswer, together } from './port-segments.ts';
import { possibleAcls } from './possible-acls.ts';
import type { Service } from './services.ts';
import { unfilteredBy } from './unfiltered.ts';

/** What one service meets on the way there and back, for any addresses of one family; segments are by our source port. */
export interface RoundTrip {
  /** The first addresses of the intervals within which all addresses meet the same; ascending, from 0. */
  readonly starts: readonly bigint[];
  /** What passes or drops for all of these addresses; unfiltered ones count only where there are no others. */
  towards(addresses: AddressRange): PortSegments;
}

export interface RoundTripInput {
  readonly own: Side;
  /** The other subnet, whose ACL has to let the same packets pass; our own blocks must be known then. */
  readonly peer?: Side | undefined;
  readonly service: Service;
  readonly family: PacketKind['family'];
}

/**
 * Looks at a request and its answer. An ACL's ports are those of the packet's destination, so that the request has to pass by
 * the service's port, and the answer by our source port (AWS VPC guide, "Network ACL rules"). What was worked out is kept.
 */
export function roundTripOf(input: RoundTripInput): RoundTrip {
  const { own, peer } = input;
  const { different } = possibleAcls([own.acl, ...(peer ? [peer.acl] : [])]);
  const trips = different.map(({ acls: [acl = own.acl, far] }) =>
    roundTripInWorld({ ...input, own: { ...own, acl }, peer: peer && far && { ...peer, acl: far } }),
  );
  const [only, second] = trips;
  if (only && !second) return only;
  const starts = [...new Set(trips.flatMap((trip) => trip.starts))].sort((a, b) => (a < b ? -1 : 1));
  const inAll = remembered((key: number): PortSegments => {
    const from = starts[Math.floor(key / starts.length)] ?? 0n;
    const to = starts[key % starts.length] ?? 0n;
    return acrossWorlds(trips.map((trip) => trip.towards({ from, to })));
  });
  return {
    starts,
    towards: ({ from, to }) => inAll(intervalAt(starts, from) * starts.length + intervalAt(starts, to)),
  };
}

function roundTripInWorld({ own, peer, service, family }: RoundTripInput): RoundTrip {
  const kind: PacketKind = { family, protocol: service.protocol };
  const answers: PacketKind = { ...kind, sourcePort: service.port };
  const out = filterOf(own.acl, 'outbound', kind);
  const back = filterOf(own.acl, 'inbound', answers);
  const free = unfilteredBy(own).filter((block) => block.family === family);
  const far = peer ? [farSide(peer, own, { kind, port: service.port })] : [];
  const starts = intervalStarts([...out.blocks, ...back.blocks, ...free]);

  const freeAt = (address: bigint) => free.find(({ from, to }) => from <= address && address <= to);
  const interval = remembered((index: number): PortSegments | undefined => {
    const address = starts[index] ?? 0n;
    return freeAt(address)
      ? undefined
      : requestAndAnswer(out.bySourcePort(address, service.port), back.byPort(address));
  });
  const span = remembered((key: number): PortSegments => {
    const [first, last] = [Math.floor(key / starts.length), key % starts.length];
    const met = new Set<PortSegments>();
    for (let index = first; index <= last; index += 1) {
      const segments = interval(index);
      if (segments) met.add(segments);
    }
    if (met.size > 0) return together([...met, ...far]);
    const why = freeAt(starts[first] ?? 0n)?.why ?? '';
    return everyPort({ verdict: 'pass', by: [{ kind: 'unfiltered', why }] });
  });
  return {
    starts,
    towards: ({ from, to }) => span(intervalAt(starts, from) * starts.length + intervalAt(starts, to)),
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
function farSide(peer: Side, own: Side, { kind, port }: { kind: PacketKind; port: number }): PortSegments {
  const arriving = filterOf(peer.acl, 'inbound', kind);
  const leaving = filterOf(peer.acl, 'outbound', { ...kind, sourcePort: port });
  const starts = intervalStarts([...arriving.blocks, ...leaving.blocks]);
  const ours = own.blocks.map(addressBlock).filter(({ family }) => family === kind.family);
  const addresses = ours.flatMap(({ from, to }) => [from, ...starts.filter((start) => from < start && start <= to)]);
  return together(
    addresses.map((address) => requestAndAnswer(arriving.bySourcePort(address, port), leaving.byPort(address))),
  );
}
