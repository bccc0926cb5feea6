import { readAddress } from '../../addresses.ts';
import { ALL_PORTS, FAMILIES, type Family, HIGHEST_PORT, type PortSet, portSet } from '../../ports.ts';
import { EVERYWHERE } from '../address-block.ts';
import {
  type AclEntry,
  type Direction,
  type IcmpMatch,
  isUnknown,
  type Known,
  type ProtocolMatch,
  type SourcePlace,
} from '../model.ts';
import { familyOf, readKnownBlock } from './blocks.ts';
import { type Element, field } from './element.ts';
import { ANY_ICMP } from './entry.ts';
import { aclFileError, shown } from './problem.ts';
import { isIcmp, protocolNamed, SCTP, TCP, UDP } from './protocol-names.ts';
import { wholeNumber } from './scalars.ts';

/** A rule of another cloud than AWS, its parts read already. */
export interface OtherRule {
  readonly place: SourcePlace;
  readonly direction: Direction;
  readonly number: number;
  readonly allow: boolean;
  readonly protocol: ProtocolMatch;
  /** The other side's block; every address of both families where it is undefined. */
  readonly remote: Known<string> | undefined;
  /** Where the block does not tell the family. */
  readonly family?: Family | undefined;
  readonly ports?: PortSet | undefined;
  readonly sourcePorts?: PortSet | undefined;
  readonly icmp?: IcmpMatch | undefined;
  /** Why it may not match. */
  readonly doubt?: string | undefined;
  readonly isStateful?: boolean;
}

const WITH_PORTS: ReadonlySet<ProtocolMatch> = new Set([TCP, UDP, SCTP]);

/** The rule as entries: one, or one for each family where no block tells it. */
export function otherEntries(rule: OtherRule): readonly AclEntry[] {
  const { place, direction, number, allow, protocol, remote, family, ports, sourcePorts, icmp, doubt, isStateful } =
    rule;
  const hasPorts = WITH_PORTS.has(protocol);
  const entry = {
    ...{ place, direction, number, allow, protocol },
    ports: hasPorts ? (ports ?? ALL_PORTS) : ALL_PORTS,
    icmp: isIcmp(protocol) ? (icmp ?? ANY_ICMP) : ANY_ICMP,
    ...(hasPorts && sourcePorts ? { sourcePorts } : {}),
    ...(doubt === undefined ? {} : { presence: { unknown: doubt } }),
    ...(isStateful ? { isStateful } : {}),
  } as const;
  if (remote !== undefined && isUnknown(remote)) return [{ ...entry, remote, family: family ?? remote }];
  if (remote !== undefined) return [{ ...entry, remote, family: familyOf(remote) }];
  const families = family ? [family] : FAMILIES;
  return families.map((one) => ({ ...entry, family: one, remote: EVERYWHERE[one] }));
}

/** An element's block, or address, in canonical text. Throws ACL_FILE. */
export function remoteOf({ value, place }: Element): string {
  const text = typeof value === 'string' ? value.trim() : '';
  const address = readAddress(text);
  const block = readKnownBlock(address === undefined ? text : `${address}/${address.includes(':') ? 128 : 32}`);
  if (block === undefined) throw aclFileError(place, `${shown(value)} is no address block`, 'write the file anew');
  return block;
}

/** A protocol by its name or number; every protocol where it is absent. Throws ACL_FILE. */
export function otherProtocol(element: Element | undefined): ProtocolMatch {
  if (element === undefined) return 'all';
  const named = typeof element.value === 'string' ? protocolNamed(element.value.toLowerCase()) : undefined;
  if (named !== undefined) return named;
  const number = wholeNumber(element, { what: 'protocol', from: -1, to: 255 });
  return number === -1 ? 'all' : isUnknown(number) ? 'all' : number;
}

/** `443`, `1024-65535` or `1/65535` (`-1/-1` is every port). Throws ACL_FILE. */
export function portsOfText({ value, place }: Element): PortSet {
  const [, first = '', last = first] = /^\s*(-?\d{1,5})(?:\s*[-/]\s*(-?\d{1,5}))?\s*$/.exec(String(value)) ?? [];
  if (first === '-1') return ALL_PORTS;
  const [from, to] = [Number(first || Number.NaN), Number(last || Number.NaN)];
  if (!(from <= to && to <= HIGHEST_PORT))
    throw aclFileError(place, `${shown(value)} is no range of ports`, 'write 1-65535');
  return portSet({ from, to });
}

/** Ports between two keys of a mapping, both inclusive. Throws ACL_FILE. */
export function portsBetween(range: Element, low: string, high: string): PortSet {
  const port = (key: string): number => {
    const found = field(range, key);
    if (found === undefined) throw aclFileError(range.place, `${key} is missing`, 'write the file anew');
    const number = wholeNumber(found, { what: 'port', from: 0, to: HIGHEST_PORT });
    return isUnknown(number) ? 0 : number;
  };
  const [from, to] = [port(low), port(high)];
  if (from > to) throw aclFileError(range.place, `the ports ${from}-${to} run backwards`, `write ${to}-${from}`);
  return portSet({ from, to });
}
