import type { Cidr } from '../addresses.ts';
import { HIGHEST_PORT, intersect, LOWEST_PORT, type PortRange, type PortSet } from '../ports.ts';
import {
  type AddressBlock,
  type AddressRange,
  addressBlock,
  blocksOf,
  familyOf,
  holds,
  intervalAt,
  intervalStarts,
} from './address-block.ts';
import type { Decider } from './decision.ts';
import { filterOf, type PacketKind } from './filter.ts';
import type { Direction, NetworkAcl, Side } from './model.ts';
import { everyPort } from './port-segments.ts';
import type { Service } from './services.ts';
import { unfilteredBy } from './unfiltered.ts';

/** One check that the packets of a way have to pass: one direction of one ACL. */
export interface Hop {
  readonly acl: NetworkAcl;
  readonly direction: Direction;
  readonly kind: PacketKind;
  /** The addresses of the other side, all of which have to pass. */
  readonly remote: AddressBlock;
  /** The destination ports that have to pass. */
  readonly ports: PortSet;
  /** Addresses that the ACL never sees. */
  readonly free: readonly AddressRange[];
}

export interface HopInput {
  readonly own: Side;
  readonly peer: Side | undefined;
  readonly service: Service;
  readonly block: AddressBlock;
  readonly ports: PortSet;
}

/** All checks of one way, in the order in which its packets meet them. */
export function hopsOf({ own, peer, service, block, ports }: HopInput): readonly Hop[] {
  const kind = { family: block.family, protocol: service.protocol };
  const answers = { ...kind, sourcePort: service.port };
  const request = [{ from: service.port, to: service.port }];
  const ours = own.blocks.filter((cidr) => familyOf(cidr) === block.family).map(addressBlock);
  const free = unfilteredBy(own);
  const near = { acl: own.acl, kind, remote: block, free };
  const far = peer ? ours.map((remote) => ({ acl: peer.acl, kind, remote, free: [] })) : [];
  return [
    { ...near, direction: 'outbound', ports: request },
    ...far.map((hop): Hop => ({ ...hop, direction: 'inbound', ports: request })),
    ...far.map((hop): Hop => ({ ...hop, kind: answers, direction: 'outbound', ports })),
    { ...near, kind: answers, direction: 'inbound', ports },
  ];
}

/** What of a hop does not surely pass: all of it lies within the range and the block, which are as small as they can be. */
export interface Gap {
  readonly range: PortRange;
  readonly remote: Cidr;
  readonly by: readonly Decider[];
}

/** What lacks in each of the leg's ranges of ports. */
export function gapsOf({ acl, direction, kind, remote, ports, free }: Hop): readonly Gap[] {
  const filter = filterOf(acl, direction, kind);
  const here = free.filter((one) => one.from <= remote.to && remote.from <= one.to);
  const starts = intervalStarts([...filter.blocks, ...here]);
  const inside = starts.slice(intervalAt(starts, remote.from) + 1).filter((start) => start <= remote.to);
  const intervals = [remote.from, ...inside]
    .map((from, i) => ({ from, to: (inside[i] ?? remote.to + 1n) - 1n }))
    .filter((one) => !here.some((whole) => holds(whole, one)));
  const failing = intervals.flatMap((addresses) => {
    const segments = ports.length === 0 ? everyPort({ verdict: 'pass', by: [] }) : filter.byPort(addresses.from);
    return segments.filter(({ verdict }) => verdict !== 'pass').map((segment) => ({ addresses, segment }));
  });
  return ports.flatMap((wanted) => {
    const hit = failing.flatMap(({ addresses, segment }) =>
      intersect([segment], [wanted]).map((range) => ({ addresses, range, by: segment.by })),
    );
    if (hit.length === 0) return [];
    return [
      {
        range: {
          from: hit.reduce((least, { range }) => Math.min(least, range.from), HIGHEST_PORT),
          to: hit.reduce((most, { range }) => Math.max(most, range.to), LOWEST_PORT),
        },
        remote: blockAround(
          hit.map(({ addresses }) => addresses),
          remote,
        ),
        by: [...new Set(hit.flatMap(({ by }) => by))],
      },
    ];
  });
}

/** The smallest block that holds all of these addresses of the outer one; ascending. */
function blockAround(parts: readonly AddressRange[], outer: AddressBlock): Cidr {
  const from = parts[0]?.from ?? outer.from;
  const to = parts.at(-1)?.to ?? outer.to;
  let size = 1n;
  while (from / size !== to / size) size *= 2n;
  const start = (from / size) * size;
  return blocksOf({ from: start, to: start + size - 1n }, outer.family)[0] ?? outer.cidr;
}
