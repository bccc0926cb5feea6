import { scrub } from '../../scrub.ts';
import type { Condition, MarkVerdict, NatRule, RuleSource, Verdict } from '../model.ts';
import { fields, list, only } from './json.ts';
import { asksForMark } from './keys.ts';
import {
  type Alternatives,
  bare,
  type Context,
  keyAlternatives,
  MOST_ALTERNATIVES,
  matchAlternatives,
  valuesOf,
} from './matches.ts';
import type { NftRule } from './ruleset.ts';
import { markVerdict, masqueradeOf, snatOf, verdictOf } from './verdicts.ts';
import { ruleWords, statementWords } from './words.ts';

/** Statements that leave the way of a packet and all that later rules ask for as they are. */
const HARMLESS = new Set([
  'counter',
  'log',
  'ct helper',
  'ct timeout',
  'ct expectation',
  'dup',
  'flow',
  'secmark',
  'last',
]);

/**
 * One rule of nft as rules of the model: one for each way in which its matches hold, and one more for each mark that it sets before
 * it ends. Whatever the model has no words for becomes an opaque condition or verdict.
 */
export function readRule(rule: NftRule, chain: string, context: Context): readonly NatRule[] {
  const { table } = context;
  const source: RuleSource = {
    backend: 'nftables',
    table: scrub(`${table.family} ${table.name}`),
    chain: scrub(chain),
    text: scrub(ruleWords(rule)),
  };
  const reading: Reading = { ways: [[]], rules: [], source, asksMark: false, marks: [], changed: undefined };
  for (const statement of rule.statements) {
    if (reading.ways.length === 0) break;
    if (!take(reading, statement, context)) return reading.rules;
  }
  end(reading, { do: 'pass' });
  return reading.rules;
}

interface Reading {
  ways: Alternatives;
  readonly rules: NatRule[];
  readonly source: RuleSource;
  /** Whether the conditions so far ask for a mark, which the rule may be about to change. */
  asksMark: boolean;
  /** What the rule does to marks, to be told with what it does next. */
  marks: readonly MarkVerdict[];
  /** The ways in which the rule came to change a mark of which more is asked after it. */
  changed: Alternatives | undefined;
}

/** Whether the rule goes on after the statement. */
function take(reading: Reading, statement: unknown, context: Context): boolean {
  const [kind, inside] = only(statement) ?? ['', undefined];
  if (HARMLESS.has(kind)) return true;
  if (kind === 'match') {
    return narrow(
      reading,
      statement,
      matchAlternatives(inside, context, opaqueText(statement)),
      asksForMark(fields(inside)['left']),
    );
  }
  const verdict = verdictOf(statement);
  if (verdict) return end(reading, verdict);
  switch (kind) {
    case 'masquerade':
      return end(reading, masqueradeOf(inside) ?? opaque(statement));
    case 'snat':
      return takeSnat(reading, statement, context);
    case 'vmap':
      return takeMap(reading, statement, context);
    case 'mangle':
      return takeMangle(reading, statement);
    case 'limit':
    case 'quota':
    case 'ct count':
    case 'set':
    case 'map':
      return narrow(reading, statement, undefined, false);
    case 'xt':
      if (fields(inside)['type'] !== 'match') return end(reading, opaque(statement));
      return narrow(reading, statement, undefined, false);
    default:
      return end(reading, opaque(statement));
  }
}

const opaqueText = (statement: unknown): string => scrub(statementWords(statement));
const opaque = (statement: unknown): Verdict => ({ do: 'opaque', text: opaqueText(statement) });

function narrow(reading: Reading, statement: unknown, ways: Alternatives | undefined, asksMark: boolean): boolean {
  if (reading.marks.length > 0) split(reading);
  if (asksMark && reading.changed) return giveUp(reading, reading.changed);
  reading.asksMark ||= asksMark;
  // Of several ways that ask for a mark a second could hold once the first has changed it.
  const most = asksMark ? 1 : MOST_ALTERNATIVES;
  const product = ways && ways.length * reading.ways.length <= most ? ways : undefined;
  const told: Alternatives = product ?? [[{ test: 'opaque', text: opaqueText(statement) }]];
  reading.ways = reading.ways.flatMap((before) => told.map((more) => [...before, ...more]));
  return true;
}

/** Marks change although a later match of the rule may fail: that is a rule of its own. */
function split(reading: Reading): void {
  reading.changed ??= reading.ways;
  emit(reading, { do: 'pass' }, reading.ways);
  reading.marks = [];
}

function end(reading: Reading, verdict: Verdict): false {
  if (reading.asksMark && reading.changed) return giveUp(reading, reading.changed);
  emit(reading, verdict, reading.ways);
  return false;
}

function emit({ rules, source, marks }: Reading, verdict: Verdict, ways: Alternatives): void {
  if (verdict.do === 'pass' && marks.length === 0) return;
  for (const when of ways) rules.push({ when, ...(marks.length > 0 ? { marks } : {}), verdict, source });
}

/** What a mark was before the rule changed it can't be asked again after it, or the other way round. */
function giveUp(reading: Reading, ways: Alternatives): false {
  reading.rules.length = 0;
  reading.marks = [];
  emit(reading, { do: 'opaque', text: reading.source.text }, ways);
  return false;
}

function takeMangle(reading: Reading, statement: unknown): boolean {
  const verdict = markVerdict(fields(statement)['mangle']);
  if (verdict === undefined) return end(reading, opaque(statement));
  if (verdict !== 'none') reading.marks = [...reading.marks, verdict];
  return true;
}

function takeSnat(reading: Reading, statement: unknown, context: Context): boolean {
  const inside = fields(statement)['snat'];
  const { addr } = fields(inside);
  const map = fields(fields(addr)['map']);
  if (only(addr)?.[0] !== 'map') {
    const verdict = snatOf(inside, addr, context.family);
    return verdict === 'none' ? false : end(reading, verdict ?? opaque(statement));
  }
  return takePairs(reading, statement, context, {
    key: map['key'],
    data: map['data'],
    read: (value) => snatOf(inside, value, context.family),
  });
}

function takeMap(reading: Reading, statement: unknown, context: Context): boolean {
  const { key, data } = fields(fields(statement)['vmap']);
  return takePairs(reading, statement, context, { key, data, read: verdictOf });
}

interface Pairs {
  readonly key: unknown;
  readonly data: unknown;
  readonly read: (value: unknown) => Verdict | 'none' | undefined;
}

/** A map: at most one of its keys is the packet's, so that the order of the rules does not matter. */
function takePairs(reading: Reading, statement: unknown, context: Context, { key, data, read }: Pairs): boolean {
  const pairs = valuesOf(data, context.table);
  if (pairs === undefined || pairs.length > MOST_ALTERNATIVES || asksForMark(key))
    return end(reading, opaque(statement));
  const found: { readonly ways: readonly (readonly Condition[])[]; readonly verdict: Verdict }[] = [];
  for (const pair of pairs) {
    const [from, to] = list(pair);
    const ways = keyAlternatives({ key, values: [bare(from)], is: true }, context);
    const verdict = read(to);
    if (ways === undefined || verdict === undefined) return end(reading, opaque(statement));
    if (verdict !== 'none') found.push({ ways, verdict });
  }
  if (reading.asksMark && reading.changed) return giveUp(reading, reading.changed);
  for (const { ways, verdict } of found) {
    emit(
      reading,
      verdict,
      reading.ways.flatMap((before) => ways.map((more) => [...before, ...more])),
    );
  }
  return false;
}
