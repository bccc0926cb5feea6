import { type Family, type PortRange, portSet } from '../../ports.ts';
import { protocolNumber } from '../../protocols.ts';
import {
  ADDRESS_TYPES,
  CONNECTION_STATES,
  type Condition,
  type IdRange,
  type InterfacePattern,
  type MarkOwner,
} from '../model.ts';
import { idRange, otherIds } from '../owners.ts';
import { familyOfAddress, readRange, readSpan } from '../spans.ts';
import { fields, list, oneOrMore, only, text, whole } from './json.ts';

/** Conditions that must all hold, an answer that is certain, or undefined where the model has no words for the question. */
type Answer = readonly Condition[] | boolean | undefined;

/** What a match or a map asks about: turns values into a condition. `family` is the family of the packets in question. */
export type Key = (question: {
  readonly values: readonly unknown[];
  readonly is: boolean;
  readonly family: Family;
}) => Answer;

/** The key of an expression (`ip saddr`, `meta mark & 0x4000`), or undefined for one that the model does not know. */
export function keyOf(expression: unknown): Key | undefined {
  const [kind, inside] = only(expression) ?? [];
  const words = fields(inside);
  switch (kind) {
    case 'payload':
      return payloadKey(text(words['protocol']) ?? '', text(words['field']) ?? '');
    case 'meta':
      return metaKey(text(words['key']) ?? '');
    case 'ct':
      return words['dir'] === undefined ? connectionKey(text(words['key']) ?? '') : undefined;
    case 'fib':
      return words['result'] === 'type' ? fibKey(oneOrMore(words['flags'])) : undefined;
    case 'rt':
      return words['key'] === 'ipsec' ? ipsec : undefined;
    case '&':
      return maskedKey(list(inside));
    default:
      return undefined;
  }
}

function payloadKey(protocol: string, field: string): Key | undefined {
  if (protocol === 'ip' || protocol === 'ip6') {
    if (field === 'saddr' || field === 'daddr') {
      return addressKey(protocol === 'ip' ? 'ipv4' : 'ipv6', field === 'saddr' ? 'source' : 'destination');
    }
    if (field === (protocol === 'ip' ? 'protocol' : 'nexthdr')) {
      return (question) => (question.family === (protocol === 'ip' ? 'ipv4' : 'ipv6') ? protocols(question) : false);
    }
    return undefined;
  }
  if (field !== 'sport' && field !== 'dport') return undefined;
  const test = field === 'sport' ? 'source-port' : 'destination-port';
  if (protocol === 'th') return portKey(test, []);
  const number = ['tcp', 'udp', 'sctp', 'udplite', 'dccp'].includes(protocol) ? protocolNumber(protocol) : undefined;
  return number === undefined ? undefined : portKey(test, [{ test: 'protocol', in: [number], is: true }]);
}

/** A rule that asks for the address of one family never matches packets of the other, not even turned round. */
const addressKey =
  (family: Family, test: 'source' | 'destination'): Key =>
  (question) => {
    if (question.family !== family) return false;
    const spans = each(question.values, spanOf);
    if (spans === undefined || spans.some((span) => familyOfAddress(span) !== family)) return undefined;
    return question.values.length === 0 ? !question.is : [{ test, in: spans, is: question.is }];
  };

function spanOf(value: unknown): string | undefined {
  const plain = text(value);
  if (plain !== undefined) return readSpan(plain);
  const [kind, inside] = only(value) ?? [];
  if (kind === 'prefix') {
    const { addr, len } = fields(inside);
    return typeof addr === 'string' && typeof len === 'number' ? readSpan(`${addr}/${len}`) : undefined;
  }
  if (kind !== 'range') return undefined;
  const range = readRange(list(inside).join('-'));
  return range && `${range.from}-${range.to}`;
}

const portKey =
  (test: 'source-port' | 'destination-port', implied: readonly Condition[]): Key =>
  ({ values, is }) => {
    const ranges = each(values, portsOf);
    if (ranges === undefined) return undefined;
    if (ranges.length === 0) return is ? false : implied;
    return [...implied, { test, in: portSet(...ranges), is }];
  };

export function portsOf(value: unknown): PortRange | undefined {
  const [kind, inside] = only(value) ?? [];
  const [from, to] = kind === 'range' ? list(inside).map(whole) : [whole(value), whole(value)];
  if (from === undefined || to === undefined || from < 0 || from > to || to > 65_535) return undefined;
  return { from, to };
}

const protocols: Key = ({ values, is }) => {
  const numbers = each(values, (value) => protocolNumber(String(value)));
  return numbers && (numbers.length === 0 ? !is : [{ test: 'protocol', in: numbers, is }]);
};

function metaKey(key: string): Key | undefined {
  switch (key) {
    case 'iifname':
    case 'iif':
      return interfaceKey('arrived-on', key === 'iif');
    case 'oifname':
    case 'oif':
      return interfaceKey('leaves-by', key === 'oif');
    case 'l4proto':
      return protocols;
    case 'nfproto':
      return familyKey({ ipv4: 'ipv4', ipv6: 'ipv6' });
    case 'protocol':
      return familyKey({ ip: 'ipv4', ip6: 'ipv6' });
    case 'mark':
      return markKey('packet', 0xffff_ffff);
    case 'skuid':
      return ownerKey('user');
    case 'skgid':
      return ownerKey('group');
    default:
      return undefined;
  }
}

const familyKey =
  (names: Readonly<Record<string, Family>>): Key =>
  ({ values, is, family }) => {
    const told = each(values, (value) => (Object.hasOwn(names, String(value)) ? names[String(value)] : undefined));
    return told && told.includes(family) === is;
  };

/** An interface that is asked for by its index bears a number where it is gone, or where packets made here are meant. */
const interfaceKey =
  (test: 'arrived-on' | 'leaves-by', byIndex: boolean): Key =>
  ({ values, is }) => {
    if (test === 'arrived-on' && byIndex && values.length === 1 && values[0] === '0')
      return [{ test: 'made-here', is }];
    const names = each(values, (value) => patternOf(value, byIndex));
    return names && (names.length === 0 ? !is : [{ test, in: names, is }]);
  };

function patternOf(value: unknown, byIndex: boolean): InterfacePattern | undefined {
  const name = text(value);
  if (name === undefined || name === '' || name.includes('\\')) return undefined;
  return byIndex && /^\d+$/.test(name) ? undefined : name;
}

/** No packet without a socket has an owner, so that asking for another one is asking for one of the others. */
const ownerKey =
  (of: 'user' | 'group'): Key =>
  ({ values, is }) => {
    const ids = each(values, idsOf);
    if (ids === undefined) return undefined;
    const wanted = is ? ids : otherIds(ids);
    return wanted.length > 0 && [{ test: 'owner', of, in: wanted, is: true }];
  };

function idsOf(value: unknown): IdRange | undefined {
  const [kind, inside] = only(value) ?? [];
  const [from, to] = kind === 'range' ? list(inside).map(whole) : [whole(value), whole(value)];
  return from === undefined || to === undefined || from < 0 ? undefined : idRange(from, to);
}

const markKey =
  (of: MarkOwner, mask: number): Key =>
  ({ values, is }) => {
    const numbers = each(values, markOf);
    return numbers && (numbers.length === 0 ? !is : [{ test: 'mark', of, mask, values: numbers, is }]);
  };

/** A mark as a number of 32 bits; undefined for ranges and names. */
export function markOf(value: unknown): number | undefined {
  const number = whole(value);
  return number !== undefined && number >= 0 && number <= 0xffff_ffff ? number : undefined;
}

function maskedKey([left, right]: readonly unknown[]): Key | undefined {
  const mask = markOf(right);
  const [kind, inside] = only(left) ?? [];
  if (mask === undefined || fields(inside)['key'] !== 'mark') return undefined;
  if (kind === 'meta') return markKey('packet', mask);
  return kind === 'ct' ? markKey('connection', mask) : undefined;
}

function connectionKey(key: string): Key | undefined {
  if (key === 'mark') return markKey('connection', 0xffff_ffff);
  if (key === 'direction') return ({ values, is }) => values.includes('original') === is;
  if (key !== 'state' && key !== 'status') return undefined;
  return ({ values, is }) => {
    const known = CONNECTION_STATES.filter((state) => (state === 'snat' || state === 'dnat') === (key === 'status'));
    const states = each(values, (value) => known.find((state) => state === value));
    return states && states.length > 0 ? [{ test: 'state', in: states, is }] : undefined;
  };
}

/** `exists` and `missing` are listed as booleans. */
const ipsec: Key = ({ values: [value, more], is }) =>
  typeof value === 'boolean' && more === undefined ? [{ test: 'ipsec', is: value === is }] : undefined;

function fibKey(flags: readonly unknown[]): Key | undefined {
  const known = flags.every((flag) => flag === 'saddr' || flag === 'daddr' || flag === 'oif');
  const sides = flags.filter((flag) => flag === 'saddr' || flag === 'daddr');
  if (!known || sides.length !== 1) return undefined;
  const limit = flags.includes('oif') ? ({ limit: 'leaves-by' } as const) : {};
  return ({ values, is }) => {
    const types = each(values, (value) => ADDRESS_TYPES.find((type) => type === value));
    if (types === undefined) return undefined;
    if (types.length === 0) return !is;
    return [{ test: 'address-type', of: sides[0] === 'saddr' ? 'source' : 'destination', in: types, is, ...limit }];
  };
}

function each<T>(values: readonly unknown[], read: (value: unknown) => T | undefined): readonly T[] | undefined {
  const found: T[] = [];
  for (const value of values) {
    const one = read(value);
    if (one === undefined) return undefined;
    found.push(one);
  }
  return found;
}

/** Whether the expression asks for a mark, which rules change on the way. */
export function asksForMark(expression: unknown): boolean {
  const [kind, inside] = only(expression) ?? [];
  if (kind === 'meta' || kind === 'ct') return fields(inside)['key'] === 'mark';
  return Array.isArray(inside) && inside.some(asksForMark);
}
