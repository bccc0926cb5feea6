import type { Cidr } from '../addresses.ts';
import { hasPort } from '../ports.ts';
import { type AddressBlock, addressBlock, familyOf, holds } from './address-block.ts';
import type { Decision } from './decision.ts';
import { filterOf, type PacketKind } from './filter.ts';
import { type AclEntry, type Direction, isUnknown, type Known, type NetworkAcl, type ProtocolMatch } from './model.ts';
import { protocolText } from './services.ts';

/** One packet at one ACL. */
export interface Passing {
  readonly acl: NetworkAcl;
  readonly direction: Direction;
  readonly kind: PacketKind;
  readonly remote: Cidr;
  /** The packet's destination port. */
  readonly port: number;
}

/** An entry that the packet met. */
export interface MetEntry {
  readonly entry: AclEntry;
  readonly matches: 'yes' | 'no' | 'maybe';
  /** What does not match, or could not be judged. */
  readonly why: string;
}

/** The entries that a packet met, in order, up to the one that decides; those without a known number stand behind it. */
export interface Trace extends Passing {
  readonly met: readonly MetEntry[];
  readonly decision: Decision;
}

/** Walks one packet through one direction of an ACL, entry by entry. Entries of the other family are not met. */
export function traceOf(passing: Passing): Trace {
  const { acl, direction, kind, remote, port } = passing;
  const address = addressBlock(remote);
  const entries = acl.entries.filter((entry) => concerns(entry, direction, kind)).toSorted(byNumber);
  const all = entries.map((entry) => meet(entry, passing, address));
  const last = all.findIndex(({ entry, matches }) => matches === 'yes' && !isUnknown(entry.number));
  const met = all.filter(({ entry }, i) => last === -1 || i <= last || isUnknown(entry.number));
  return { ...passing, met, decision: filterOf(acl, direction, kind).atPort(address.from, port) };
}

const numberOf = ({ number }: AclEntry): number => (isUnknown(number) ? Number.MAX_SAFE_INTEGER : number);
const byNumber = (a: AclEntry, b: AclEntry): number => numberOf(a) - numberOf(b);

function concerns(entry: AclEntry, direction: Direction, { family }: PacketKind): boolean {
  const own = isUnknown(entry.remote) ? entry.family : familyOf(entry.remote);
  return (isUnknown(entry.direction) || entry.direction === direction) && (isUnknown(own) || own === family);
}

function meet(entry: AclEntry, { kind, port, remote }: Passing, address: AddressBlock): MetEntry {
  const { direction, family, protocol, ports } = entry;
  const checks: readonly (readonly [Known<boolean>, string])[] = [
    [entry.presence ?? true, 'presence'],
    ...(entry.when ?? []).map(({ words }) => [{ unknown: words }, 'condition'] as const),
    [isUnknown(direction) ? direction : true, 'direction'],
    [isUnknown(entry.remote) && isUnknown(family) ? family : true, 'family'],
    [judge(protocol, (match) => match === 'all' || match === kind.protocol), protocolWords(protocol)],
    [
      judge(entry.remote, (block) => holds(addressBlock(block), address)),
      `${remote.split('/')[0]} is not in its block`,
    ],
    [judge(ports, (set) => hasPort(set, port)), `not port ${port}`],
    [
      kind.sourcePort === undefined || entry.sourcePorts === undefined || hasPort(entry.sourcePorts, kind.sourcePort),
      `not source port ${kind.sourcePort}`,
    ],
  ];
  const failed = checks.find(([fits]) => fits === false);
  if (failed) return { entry, matches: 'no', why: failed[1] };
  const doubts = checks.flatMap(([fits]) => (isUnknown(fits) ? [fits.unknown] : []));
  return doubts.length > 0 ? { entry, matches: 'maybe', why: doubts.join(', ') } : { entry, matches: 'yes', why: '' };
}

const judge = <T>(value: Known<T>, fits: (value: T) => boolean): Known<boolean> =>
  isUnknown(value) ? value : fits(value);
const protocolWords = (match: Known<ProtocolMatch>): string =>
  isUnknown(match) || match === 'all' ? 'protocol' : `only ${protocolText(match)}`;
