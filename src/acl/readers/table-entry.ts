import { type Cidr, readAddress } from '../../addresses.ts';
import { ALL_PORTS, type Family, HIGHEST_PORT, type PortRange, type PortSet, portSet } from '../../ports.ts';
import type { AclEntry, Direction, IcmpMatch, ProtocolMatch, SourcePlace } from '../model.ts';
import { familyOf, readKnownBlock } from './blocks.ts';
import { ANY_ICMP } from './entry.ts';
import { aclFileError, shown } from './problem.ts';
import { ICMP, ICMPV6, isIcmp, protocolNamed, SCTP, TCP, UDP } from './protocol-names.ts';

const LINE = 'write: in|out NUMBER allow|deny PROTOCOL PORTS REMOTE, as in "in 100 allow tcp 1024-65535 0.0.0.0/0"';
const HIGHEST_NUMBER = 2_147_483_647;
const HIGHEST_PROTOCOL = 255;
const HIGHEST_ICMP = 255;
const WITH_PORTS: ReadonlySet<ProtocolMatch> = new Set([TCP, UDP, SCTP]);

/** A rule of a table: one entry, or one a family where its remote is `any`. Throws ACL_FILE. */
export function entriesOfLine(
  direction: Direction,
  words: readonly string[],
  at: SourcePlace,
  place: SourcePlace,
): readonly AclEntry[] {
  const [number = '', action = '', name = '', ports = '', remote = '', ...more] = words;
  if (remote === '') throw aclFileError(at, 'the rule ends too early', LINE);
  if (more.length > 0) throw aclFileError(at, `${shown(more[0])} can't follow the remote block`, LINE);
  const protocol = protocolOf(name.toLowerCase(), at);
  const rule = {
    direction,
    number: wholeOf(number, HIGHEST_NUMBER) ?? refuse(at, number, 'rule number'),
    allow: allowOf(action.toLowerCase(), at),
    protocol,
    ...matchOf(protocol, ports.toLowerCase(), at),
    place,
  };
  return remotesOf(remote.toLowerCase(), protocol, at).map((one) => ({ ...rule, ...one }));
}

function refuse(at: SourcePlace, word: string, what: string): never {
  throw aclFileError(at, `${shown(word)} is no ${what}`, LINE);
}

function wholeOf(word: string, highest: number): number | undefined {
  const number = /^\d{1,10}$/.test(word) ? Number(word) : Number.NaN;
  return number <= highest ? number : undefined;
}

function allowOf(word: string, at: SourcePlace): boolean {
  if (word !== 'allow' && word !== 'deny') refuse(at, word, 'action');
  return word === 'allow';
}

const isAny = (word: string): boolean => word === 'any' || word === 'all' || word === '*' || word === '-';

function protocolOf(word: string, at: SourcePlace): ProtocolMatch {
  if (isAny(word)) return 'all';
  return protocolNamed(word) ?? wholeOf(word, HIGHEST_PROTOCOL) ?? refuse(at, word, 'protocol');
}

function matchOf(protocol: ProtocolMatch, word: string, at: SourcePlace): { ports: PortSet; icmp: IcmpMatch } {
  if (isAny(word)) return { ports: ALL_PORTS, icmp: ANY_ICMP };
  if (isIcmp(protocol)) return { ports: ALL_PORTS, icmp: icmpOf(word, at) };
  if (WITH_PORTS.has(protocol))
    return { ports: portSet(...word.split(',').map((one) => rangeOf(one, at))), icmp: ANY_ICMP };
  throw aclFileError(at, `${shown(word)} can't be, since only tcp, udp and sctp have ports`, 'write any for the ports');
}

function rangeOf(word: string, at: SourcePlace): PortRange {
  const [first = '', last = first, ...more] = word.split('-');
  const [from, to] = [wholeOf(first, HIGHEST_PORT), wholeOf(last, HIGHEST_PORT)];
  if (from === undefined || to === undefined || more.length > 0) return refuse(at, word, 'range of ports');
  if (from > to) throw aclFileError(at, `the ports ${word} run backwards`, `write ${to}-${from}`);
  return { from, to };
}

function icmpOf(word: string, at: SourcePlace): IcmpMatch {
  const [type = '', code = 'any', ...more] = word.split('/');
  const number = (part: string): number | 'any' =>
    isAny(part) ? 'any' : (wholeOf(part, HIGHEST_ICMP) ?? refuse(at, word, 'ICMP type, or type/code'));
  if (more.length > 0) refuse(at, word, 'ICMP type, or type/code');
  return { type: number(type), code: number(code) };
}

function remotesOf(
  word: string,
  protocol: ProtocolMatch,
  at: SourcePlace,
): readonly { family: Family; remote: Cidr }[] {
  const families: readonly Family[] = protocol === ICMP ? ['ipv4'] : protocol === ICMPV6 ? ['ipv6'] : ['ipv4', 'ipv6'];
  if (isAny(word)) return families.map((family) => ({ family, remote: family === 'ipv4' ? '0.0.0.0/0' : '::/0' }));
  const address = readAddress(word);
  const text = address === undefined ? word : `${address}/${address.includes(':') ? 128 : 32}`;
  const remote = readKnownBlock(text) ?? refuse(at, word, 'address block');
  const family = familyOf(remote);
  if (families.includes(family)) return [{ family, remote }];
  const other = family === 'ipv4' ? 'icmp' : 'icmpv6';
  throw aclFileError(at, `${shown(word)} is a block of the other family`, `write ${other} as the protocol`);
}
