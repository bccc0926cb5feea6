import { type Family, HIGHEST_PORT, hasPort, LOWEST_PORT, type PortSet } from '../ports.ts';
import { type AddressBlock, addressBlock, familyOf } from './address-block.ts';
import type { Decider, Decision } from './decision.ts';
import type { AclEntry, Direction, IcmpMatch, NetworkAcl } from './model.ts';
import { isUnknown } from './model.ts';
import { append, everyPort, type Piece, type Pieces } from './pieces.ts';

/** What is the same in every packet that one direction of an ACL is asked about. */
export interface Kind {
  readonly family: Family;
  /** IP protocol number. */
  readonly protocol: number;
  /** The type and code of an ICMP packet. */
  readonly icmp?: { readonly type: number; readonly code: number };
}

/** One direction of an ACL, ready to be asked about packets of one kind. */
export interface Filter {
  /** The blocks of remote addresses that some entry tells apart. */
  readonly blocks: readonly AddressBlock[];
  /** What happens to packets from or to this remote address, by their destination port. */
  byPort(address: bigint): Pieces;
  /** The same for one destination port, which is then the same for every source port. */
  atPort(address: bigint, port: number): Decision;
}

/** An entry that may match, as far as everything but address and port goes. */
interface Candidate {
  readonly decider: Decider;
  readonly allow: boolean | undefined;
  /** Undefined where it matches any address, or may. */
  readonly block: AddressBlock | undefined;
  /** Undefined where the ports could not be judged. */
  readonly ports: PortSet | undefined;
  /** Whether it matches for sure where address and ports do. */
  readonly certain: boolean;
  readonly number: number | undefined;
}

/** First match wins, in the order of the numbers; no match is a drop (AWS VPC guide, "Network ACL rules"). */
export function filterOf(acl: NetworkAcl, direction: Direction, kind: Kind): Filter {
  const candidates = acl.entries.flatMap((entry) => candidateOf(acl, entry, direction, kind) ?? []);
  const implicit: Decider = { kind: 'implicit', acl, direction, family: kind.family };
  const ordered = candidates.sort((a, b) => (a.number ?? Infinity) - (b.number ?? Infinity));
  const there = (address: bigint): readonly Candidate[] =>
    ordered.filter(({ block }) => !block || (block.from <= address && address <= block.to));
  return {
    blocks: ordered.flatMap(({ block }) => block ?? []),
    byPort: (address) => {
      const near = there(address);
      if (near.length === 0) return everyPort({ verdict: 'drop', by: [implicit] });
      const pieces: Piece[] = [];
      const starts = portStarts(near);
      for (const [i, from] of starts.entries())
        append(pieces, { from, to: (starts[i + 1] ?? HIGHEST_PORT + 1) - 1, ...decide(near, from, implicit) });
      return pieces;
    },
    atPort: (address, port) => decide(there(address), port, implicit),
  };
}

function candidateOf(acl: NetworkAcl, entry: AclEntry, direction: Direction, kind: Kind): Candidate | undefined {
  const { remote } = entry;
  if (!isUnknown(entry.direction) && entry.direction !== direction) return undefined;
  const family = isUnknown(remote) ? entry.family : familyOf(remote);
  if (!isUnknown(family) && family !== kind.family) return undefined;
  const { protocol } = entry;
  if (!isUnknown(protocol) && protocol !== 'all' && protocol !== kind.protocol) return undefined;
  const icmp = kind.icmp ? matchesIcmp(entry.icmp, kind.icmp) : true;
  if (icmp === false) return undefined;
  const judged = entry.presence === undefined && icmp !== undefined;
  const unknown = !judged || [entry.direction, family, remote, protocol].some(isUnknown);
  return {
    decider: { kind: 'entry', acl, direction, family: kind.family, entry },
    allow: isUnknown(entry.allow) ? undefined : entry.allow,
    block: isUnknown(remote) ? undefined : addressBlock(remote),
    ports: isUnknown(entry.ports) ? undefined : entry.ports,
    certain: !unknown,
    number: isUnknown(entry.number) ? undefined : entry.number,
  };
}

/** Undefined where it could not be judged. */
function matchesIcmp(match: AclEntry['icmp'], { type, code }: NonNullable<Kind['icmp']>): boolean | undefined {
  if (isUnknown(match)) return undefined;
  const fits = (wanted: IcmpMatch['type'], one: number): boolean => wanted === 'any' || wanted === one;
  return fits(match.type, type) && fits(match.code, code);
}

/** The first ports of the stretches within which every candidate either matches or does not. */
function portStarts(candidates: readonly Candidate[]): readonly number[] {
  const starts = new Set([LOWEST_PORT]);
  for (const { ports } of candidates) {
    for (const { from, to } of ports ?? []) {
      starts.add(from);
      if (to < HIGHEST_PORT) starts.add(to + 1);
    }
  }
  return [...starts].sort((a, b) => a - b);
}

/**
 * Walks the candidates in order. An entry that may match, or whose number could not be judged, may come before the one that
 * decides: the verdict is definite only if all that may decide agree.
 */
function decide(ordered: readonly Candidate[], port: number, implicit: Decider): Decision {
  const doubtful: Candidate[] = [];
  let first: Candidate | undefined;
  let unplaced: Candidate | undefined;
  for (const candidate of ordered) {
    const { ports, number } = candidate;
    if (ports && !hasPort(ports, port)) continue;
    const matches = candidate.certain && ports !== undefined;
    if (number === undefined) {
      if (matches) unplaced ??= candidate;
      doubtful.push(candidate);
    } else if (!first) {
      if (matches) first = candidate;
      else doubtful.push(candidate);
    }
  }
  const last = first ?? unplaced;
  const allow = last ? last.allow : false;
  const others = doubtful.filter((one) => one.allow === undefined || one.allow !== allow);
  if (allow !== undefined && others.length === 0)
    return { verdict: allow ? 'pass' : 'drop', by: [last?.decider ?? implicit] };
  const unknown = new Set(last && allow === undefined ? [...others, last] : others);
  return { verdict: 'unsure', by: [...unknown].map(({ decider }) => decider) };
}
