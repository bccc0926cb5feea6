import type { Family } from '../../ports.ts';
import { protocolNumber } from '../../protocols.ts';
import type { Condition } from '../model.ts';
import { fields, isObject, list, only, text } from './json.ts';
import { keyOf, portsOf } from './keys.ts';
import type { NftTable } from './ruleset.ts';

/** Ways in which a question can be answered by yes, of which at most one holds. None: it never is. */
export type Alternatives = readonly (readonly Condition[])[];

/** More ways than these would make more rules than it is worth. */
export const MOST_ALTERNATIVES = 1000;

export interface Context {
  readonly table: NftTable;
  readonly family: Family;
}

/** A match as the ways in which it holds. What the model has no words for is opaque, `text` being what the match says. */
export function matchAlternatives(match: unknown, context: Context, text: string): Alternatives {
  const ways = expressible(match, context);
  if (ways !== undefined) return ways;
  const implied = impliedBy(fields(match)['left'], context.family);
  return implied === false ? [] : [[...implied, { test: 'opaque', text }]];
}

/** What only packets with a socket of this host have (nft_meta.c). */
const SOCKET_KEYS: ReadonlySet<string> = new Set(['skuid', 'skgid', 'cgroup']);

/** What else must hold for a packet to have the field at all. */
function impliedBy(left: unknown, family: Family): readonly Condition[] | false {
  const asked = only(left)?.[0] === '&' ? list(fields(left)['&'])[0] : left;
  if (SOCKET_KEYS.has(text(fields(fields(asked)['meta'])['key']) ?? '')) return [{ test: 'made-here', is: true }];
  const protocol = text(fields(fields(asked)['payload'])['protocol']) ?? '';
  if (protocol === 'ip' || protocol === 'ip6') return (protocol === 'ip' ? 'ipv4' : 'ipv6') === family ? [] : false;
  const number = protocolNumber(protocol);
  return number === undefined ? [] : [{ test: 'protocol', in: [number], is: true }];
}

function expressible(match: unknown, context: Context): Alternatives | undefined {
  const { op, left, right } = fields(match);
  const values = valuesOf(right, context.table);
  const is = Object.hasOwn(IS, String(op)) ? IS[String(op)] : undefined;
  if (only(left)?.[0] === 'payload' && is === undefined) return comparison(left, text(op) ?? '', right, context);
  if (values === undefined || is === undefined || !isSound(left, text(op) ?? '', values)) return undefined;
  return keyAlternatives({ key: left, values, is }, context);
}

const IS: Readonly<Record<string, boolean>> = { '==': true, in: true, '!=': false, '!': false };

/** Several bits of `ct status` are set at once: `in` and `!` ask for any of them, `==` compares the whole word. Lists belong to `in`. */
function isSound(left: unknown, op: string, values: readonly unknown[]): boolean {
  const isStatus = fields(fields(left)['ct'])['key'] === 'status';
  const asksForBits = op === 'in' || op === '!';
  if (isStatus) return asksForBits;
  const isState = fields(fields(left)['ct'])['key'] === 'state';
  return isState || !asksForBits || values.length === 0;
}

/** Ports that are lower or higher than one. */
function comparison(left: unknown, op: string, right: unknown, context: Context): Alternatives | undefined {
  const port = portsOf(right);
  if (port === undefined || port.from !== port.to) return undefined;
  const range = {
    '<': [0, port.from - 1],
    '<=': [0, port.from],
    '>': [port.from + 1, 65_535],
    '>=': [port.from, 65_535],
  };
  if (!Object.hasOwn(range, op)) return undefined;
  const values = [{ range: range[op as keyof typeof range] }];
  return keyAlternatives({ key: left, values, is: true }, context);
}

interface KeyQuestion {
  readonly key: unknown;
  readonly values: readonly unknown[];
  readonly is: boolean;
}

/** Concatenations have a way for each element, all else one way. */
export function keyAlternatives({ key, values, is }: KeyQuestion, context: Context): Alternatives | undefined {
  const [kind, parts] = only(key) ?? [];
  if (kind === 'concat') return concatenated(list(parts), { values, is }, context);
  const answer = keyOf(key)?.({ values, is, family: context.family });
  if (answer === undefined) return undefined;
  return answer === true ? [[]] : answer === false ? [] : [answer];
}

function concatenated(
  keys: readonly unknown[],
  { values, is }: Pick<KeyQuestion, 'values' | 'is'>,
  context: Context,
): Alternatives | undefined {
  if (!is || values.length > MOST_ALTERNATIVES) return undefined;
  const all: (readonly Condition[])[] = [];
  for (const value of values) {
    const parts = list(fields(value)['concat']);
    if (parts.length !== keys.length) return undefined;
    const ways = keys.map((key, i) => keyAlternatives({ key, values: [parts[i]], is: true }, context));
    if (ways.includes(undefined)) return undefined;
    if (ways.every((way) => way?.length === 1)) all.push(ways.flatMap((way) => way?.[0] ?? []));
  }
  return all;
}

/** The values that a match or a map compares with: `@name`, an anonymous set, a list or one; undefined where they change by themselves. */
export function valuesOf(right: unknown, table: NftTable): readonly unknown[] | undefined {
  const name = text(right);
  if (name?.startsWith('@')) {
    const set = table.sets.get(name.slice(1));
    return set === undefined || set.changes ? undefined : set.elements.map(bare);
  }
  if (Array.isArray(right)) return right;
  const [kind, inside] = only(right) ?? [];
  return kind === 'set' ? list(inside).map(bare) : [right];
}

/** An element without its comment, counter and timeout. */
export function bare(element: unknown): unknown {
  const inside = isObject(element) ? fields(element)['elem'] : undefined;
  return isObject(inside) ? fields(inside)['val'] : element;
}
