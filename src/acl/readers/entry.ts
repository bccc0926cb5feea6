import type { Cidr } from '../../addresses.ts';
import { ALL_PORTS, type Family, HIGHEST_PORT, type PortSet, portSet, rangeText } from '../../ports.ts';
import {
  type AclEntry,
  type Direction,
  type IcmpMatch,
  isUnknown,
  type Known,
  type ProtocolMatch,
  type SourcePlace,
  type Unknown,
} from '../model.ts';
import { blockOf } from './blocks.ts';
import type { GivenValue } from './element.ts';
import { aclFileError, shown } from './problem.ts';
import { isIcmp, protocolNamed, TCP, UDP } from './protocol-names.ts';
import { text, wholeNumber } from './scalars.ts';

/** What an element of an AWS-like ACL says, still in the source's own words. */
export interface GivenEntry {
  readonly place: SourcePlace;
  readonly direction: Known<Direction>;
  readonly number: GivenValue;
  readonly action: GivenValue;
  readonly protocol: GivenValue;
  readonly ipv4: GivenValue;
  readonly ipv6: GivenValue;
  readonly from: GivenValue;
  readonly to: GivenValue;
  readonly icmpType: GivenValue;
  readonly icmpCode: GivenValue;
}

/** AWS numbers rules from 1 to 32766, and ends each list with an implicit one above ("Network ACL rules", Amazon VPC user guide). */
const HIGHEST_RULE = 32_768;
export const ANY_ICMP: IcmpMatch = { type: 'any', code: 'any' };

/** An element as an entry, by the rules of AWS network ACLs. Throws ACL_FILE for what can't be; a value that nobody knows is Unknown. */
export function readEntry(given: GivenEntry): AclEntry {
  const { place, direction } = given;
  const protocol = protocolOf(needed(given, 'protocol'));
  const entry: AclEntry = {
    direction,
    number: wholeNumber(needed(given, 'number'), { what: 'rule number', from: 1, to: HIGHEST_RULE }),
    allow: allowOf(needed(given, 'action')),
    ...remoteOf(given),
    protocol,
    ports: portsOf(protocol, given),
    icmp: icmpOf(protocol, given),
    place,
  };
  const { number, allow, remote } = entry;
  const isImplicit = allow !== true && (isUnknown(protocol) || protocol === 'all') && EVERYWHERE.has(String(remote));
  if (!isUnknown(number) && number > HIGHEST_OWN_RULE && !isImplicit)
    throw aclFileError(place, `${number} is no rule number of AWS`, `write a number from 1 to ${HIGHEST_OWN_RULE}`);
  return entry;
}

/** The highest number that a rule can be given. */
const HIGHEST_OWN_RULE = 32_766;
const EVERYWHERE = new Set(['0.0.0.0/0', '::/0']);

function needed(given: GivenEntry, key: 'number' | 'action' | 'protocol'): Exclude<GivenValue, undefined> {
  const found = given[key];
  if (found !== undefined) return found;
  const what = key === 'number' ? 'rule number' : key;
  throw aclFileError(given.place, `the entry has no ${what}`, 'write the file anew with the program that made it');
}

function allowOf(given: Exclude<GivenValue, undefined>): Known<boolean> {
  if (isUnknown(given)) return given;
  const word = text(given, 'action').toLowerCase();
  if (word === 'allow') return true;
  if (word === 'deny') return false;
  throw aclFileError(given.place, `${shown(given.value)} is no action`, 'write allow or deny');
}

function protocolOf(given: Exclude<GivenValue, undefined>): Known<ProtocolMatch> {
  if (isUnknown(given)) return given;
  const named = typeof given.value === 'string' ? protocolNamed(given.value.toLowerCase()) : undefined;
  if (named !== undefined) return named;
  const number = wholeNumber(given, { what: 'protocol', from: -1, to: 255 });
  return number === -1 ? 'all' : number;
}

function remoteOf({ place, ipv4, ipv6 }: GivenEntry): { family: Known<Family>; remote: Known<Cidr> } {
  if (ipv4 !== undefined && ipv6 !== undefined) {
    const unknown = [ipv4, ipv6].find((given): given is Unknown => isUnknown(given));
    if (unknown !== undefined) return { family: unknown, remote: unknown };
    throw aclFileError(place, 'the entry has an IPv4 and an IPv6 block', 'keep one, and write two entries');
  }
  const [family, given]: [Family, GivenValue] = ipv6 === undefined ? ['ipv4', ipv4] : ['ipv6', ipv6];
  if (given === undefined)
    throw aclFileError(place, 'the entry has no address block', 'write 0.0.0.0/0 for all of IPv4');
  return { family, remote: isUnknown(given) ? given : blockOf(given, family) };
}

/** Ports count for TCP and UDP alone; AWS ignores them elsewhere ("Network ACL rules", Amazon VPC user guide). */
function portsOf(protocol: Known<ProtocolMatch>, { from, to, place }: GivenEntry): Known<PortSet> {
  if (isUnknown(protocol)) return protocol;
  if (protocol !== TCP && protocol !== UDP) return ALL_PORTS;
  const [first, last] = [port(from), port(to)];
  if (isUnknown(first)) return first;
  if (isUnknown(last)) return last;
  if (first <= last) return portSet({ from: first, to: last });
  const remedy = `write ${rangeText({ from: last, to: first })}`;
  throw aclFileError(place, `the ports ${first}-${last} run backwards`, remedy);
}

function port(given: GivenValue): Known<number> {
  if (given === undefined) return { unknown: 'the entry is for TCP or UDP and names no ports (PortRange)' };
  return wholeNumber(given, { what: 'port', from: 0, to: HIGHEST_PORT });
}

function icmpOf(protocol: Known<ProtocolMatch>, { icmpType, icmpCode }: GivenEntry): Known<IcmpMatch> {
  if (isUnknown(protocol)) return protocol;
  if (!isIcmp(protocol)) return ANY_ICMP;
  const [type, code] = [icmpNumber(icmpType, 'type'), icmpNumber(icmpCode, 'code')];
  if (isUnknown(type)) return type;
  return isUnknown(code) ? code : { type, code };
}

function icmpNumber(given: GivenValue, what: string): Known<number | 'any'> {
  if (given === undefined) return { unknown: `the entry is for ICMP and names no ${what} (IcmpTypeCode)` };
  const number = wholeNumber(given, { what: `ICMP ${what}`, from: -1, to: 255 });
  return number === -1 ? 'any' : number;
}
