import { type Family, HIGHEST_PORT, hasPort, LOWEST_PORT, type PortRange, type PortSet } from '../ports.ts';
import { type AddressBlock, addressBlock, familyOf } from './address-block.ts';
import type { Decider, Decision } from './decision.ts';
import type { AclEntry, Direction, IcmpMatch, NetworkAcl } from './model.ts';
import { isUnknown } from './model.ts';
import { acrossDecisions, acrossWorlds, append, type PortSegment, type PortSegments } from './port-segments.ts';
import { possibleAcls } from './possible-acls.ts';

/** What is the same in every packet that one direction of an ACL is asked about. */
export interface PacketKind {
  readonly family: Family;
  /** IP protocol number. */
  readonly protocol: number;
  /** The type and code of an ICMP packet. */
  readonly icmp?: { readonly type: number; readonly code: number };
  /** The source port of answers: the service's. */
  readonly sourcePort?: number;
}

/** One direction of an ACL, ready to be asked about packets of one kind. */
export interface Filter {
  /** The blocks of remote addresses that some entry tells apart. */
  readonly blocks: readonly AddressBlock[];
  /** What happens to packets from or to this remote address, by their destination port. */
  byPort(address: bigint): PortSegments;
  /** What happens to packets for one destination port, by their source port. */
  bySourcePort(address: bigint, port: number): PortSegments;
  /** The same for one destination port, which is then the same for every source port. */
  atPort(address: bigint, port: number): Decision;
}

/** An entry that may match, as far as everything but address and port goes. */
interface Candidate {
  readonly decider: Decider;
  readonly allow: boolean | undefined;
  /** What it decides where it is the one; undefined where its action could not be judged. */
  readonly decision: Decision | undefined;
  /** Undefined where it matches any address, or may. */
  readonly block: AddressBlock | undefined;
  /** Undefined where the ports could not be judged. */
  readonly ports: PortSet | undefined;
  readonly sourcePorts: PortSet | undefined;
  readonly number: number | undefined;
  /** Whether it matches for sure where address and ports do. */
  readonly matches: boolean;
  /** Whether nothing behind it is asked then. */
  readonly settles: boolean;
}

/** What has no known number may come anywhere, so that it is met before anything is decided. */
const UNPLACED = -1;
const ALL: PortRange = { from: LOWEST_PORT, to: HIGHEST_PORT };

/**
 * First match wins, in the order of the numbers; no match is a drop (AWS VPC guide, "Network ACL rules"). Where conditions are
 * open, what differs between the possible worlds is unsure.
 */
export function filterOf(acl: NetworkAcl, direction: Direction, kind: PacketKind): Filter {
  const filters = possibleAcls([acl]).different.map(({ acls: [one = acl] }) => filterInWorld(one, direction, kind));
  const [only, second] = filters;
  if (only && !second) return only;
  return {
    blocks: filters.flatMap(({ blocks }) => blocks),
    byPort: (address) => acrossWorlds(filters.map((one) => one.byPort(address))),
    bySourcePort: (address, port) => acrossWorlds(filters.map((one) => one.bySourcePort(address, port))),
    atPort: (address, port) => acrossDecisions(filters.map((one) => one.atPort(address, port))),
  };
}

function filterInWorld(acl: NetworkAcl, direction: Direction, kind: PacketKind): Filter {
  const candidates = acl.entries.flatMap((entry) => candidateOf(acl, entry, direction, kind) ?? []);
  const nothing: Decision = { verdict: 'drop', by: [{ kind: 'implicit', acl, direction, family: kind.family }] };
  const ordered = candidates.sort((a, b) => (a.number ?? UNPLACED) - (b.number ?? UNPLACED));
  const there = lookup(ordered);
  // Many addresses meet the same entries: each answer is worked out once, and is one object.
  const known = new Map<string, PortSegments>();
  return {
    blocks: ordered.flatMap(({ block }) => block ?? []),
    byPort: (address) => {
      const indexes = there(address);
      const key = indexes.join();
      const segments =
        known.get(key) ??
        sweep(
          indexes.flatMap((i) => ordered[i] ?? []),
          ALL,
          nothing,
        );
      known.set(key, segments);
      return segments;
    },
    bySourcePort: (address, port) => {
      const here = there(address).flatMap((i) => ordered[i] ?? []);
      const wanted = here.filter(({ ports }) => ports === undefined || hasPort(ports, port));
      return sweep(
        wanted.map((one) => (one.ports === undefined ? one : { ...one, ports: one.sourcePorts })),
        ALL,
        nothing,
      );
    },
    atPort: (address, port) => {
      const here = there(address).flatMap((i) => ordered[i] ?? []);
      const [{ verdict, by } = nothing] = sweep(here, { from: port, to: port }, nothing);
      return { verdict, by };
    },
  };
}

/** Finds the candidates whose block holds an address, by their index in ascending order: one look-up for each size of block. */
function lookup(ordered: readonly Candidate[]): (address: bigint) => readonly number[] {
  const anywhere: number[] = [];
  const sizes = new Map<bigint, Map<bigint, number[]>>();
  for (const [i, { block }] of ordered.entries()) {
    if (!block) {
      anywhere.push(i);
      continue;
    }
    const size = block.to - block.from + 1n;
    const blocks = sizes.get(size) ?? new Map<bigint, number[]>();
    sizes.set(size, blocks);
    blocks.set(block.from / size, [...(blocks.get(block.from / size) ?? []), i]);
  }
  const all = [...sizes];
  return (address) =>
    [...anywhere, ...all.flatMap(([size, blocks]) => blocks.get(address / size) ?? [])].sort((a, b) => a - b);
}

function candidateOf(acl: NetworkAcl, entry: AclEntry, direction: Direction, kind: PacketKind): Candidate | undefined {
  const { remote } = entry;
  if (!isUnknown(entry.direction) && entry.direction !== direction) return undefined;
  const family = isUnknown(remote) ? entry.family : familyOf(remote);
  if (!isUnknown(family) && family !== kind.family) return undefined;
  const { protocol } = entry;
  if (!isUnknown(protocol) && protocol !== 'all' && protocol !== kind.protocol) return undefined;
  const icmp = kind.icmp ? matchesIcmp(entry.icmp, kind.icmp) : true;
  if (icmp === false) return undefined;
  const { sourcePorts } = entry;
  if (sourcePorts && kind.sourcePort !== undefined && !hasPort(sourcePorts, kind.sourcePort)) return undefined;
  const judged = entry.presence === undefined && icmp !== undefined;
  const unknown = !judged || [entry.direction, family, remote, protocol].some(isUnknown);
  const decider: Decider = { kind: 'entry', acl, direction, family: kind.family, entry };
  const allow = isUnknown(entry.allow) ? undefined : entry.allow;
  const number = isUnknown(entry.number) ? undefined : entry.number;
  const matches = !unknown && !isUnknown(entry.ports);
  return {
    ...{ decider, allow, number, matches },
    decision: allow === undefined ? undefined : { verdict: allow ? 'pass' : 'drop', by: [decider] },
    block: isUnknown(remote) ? undefined : addressBlock(remote),
    ports: isUnknown(entry.ports) ? undefined : entry.ports,
    sourcePorts,
    settles: matches && number !== undefined,
  };
}

/** Undefined where it could not be judged. */
function matchesIcmp(match: AclEntry['icmp'], { type, code }: NonNullable<PacketKind['icmp']>): boolean | undefined {
  if (isUnknown(match)) return undefined;
  const fits = (wanted: IcmpMatch['type'], one: number): boolean => wanted === 'any' || wanted === one;
  return fits(match.type, type) && fits(match.code, code);
}

/** Ports that no entry has decided about yet, with the entries that may. */
interface Open extends PortRange {
  readonly doubtful: readonly Candidate[];
}

/**
 * Walks the candidates in order, and takes the ports away that each decides about. An entry that may match, or whose number
 * could not be judged, may come before the one that decides.
 */
function sweep(ordered: readonly Candidate[], within: PortRange, nothing: Decision): PortSegments {
  const decided: PortSegment[] = [];
  const open: Open[] = [{ from: within.from, to: within.to, doubtful: [] }];
  for (const candidate of ordered) {
    if (open.length === 0) break;
    for (const range of candidate.ports ?? [within]) {
      for (let i = firstTo(open, range.from); ; ) {
        const part = open[i];
        if (!part || part.from > range.to) break;
        const { doubtful } = part;
        const hit = { from: Math.max(part.from, range.from), to: Math.min(part.to, range.to) };
        const left: Open[] = [];
        if (part.from < hit.from) left.push({ from: part.from, to: hit.from - 1, doubtful });
        if (candidate.settles) decided.push({ ...hit, ...conclude(candidate, doubtful, nothing) });
        else left.push({ ...hit, doubtful: [...doubtful, candidate] });
        if (hit.to < part.to) left.push({ from: hit.to + 1, to: part.to, doubtful });
        open.splice(i, 1, ...left);
        i += left.length;
      }
    }
  }
  for (const { from, to, doubtful } of open) decided.push({ from, to, ...conclude(undefined, doubtful, nothing) });
  const segments: PortSegment[] = [];
  for (const segment of decided.sort((a, b) => a.from - b.from)) append(segments, segment);
  return segments;
}

/** The index of the first of these ascending ranges that ends at the port or behind it. */
function firstTo(ranges: readonly PortRange[], port: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle]?.to ?? HIGHEST_PORT) < port) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The verdict is definite only if all that may decide agree. */
function conclude(first: Candidate | undefined, doubtful: readonly Candidate[], nothing: Decision): Decision {
  const last = first ?? doubtful.find(({ matches }) => matches);
  const decision = last ? last.decision : nothing;
  if (doubtful.length === 0 && decision) return decision;
  const allow = last ? last.allow : false;
  const others = doubtful.filter((one) => one.allow === undefined || one.allow !== allow);
  if (decision && others.length === 0) return decision;
  const unknown = new Set(last && allow === undefined ? [...others, last] : others);
  return { verdict: 'unsure', by: [...unknown].map(({ decider }) => decider) };
}
