import type { FenceListing } from './listing.ts';

/** One thing in the kernel that is not as the plan says, in one line for people. */
export type Drift = string;

type Rule = FenceListing['chains'][number]['rules'][number];
type Chain = FenceListing['chains'][number];

/**
 * Everything in which the table that is there differs from the table that ought to be, both as listed by the same nft.
 * Counter values and handles do not count. Empty: as planned.
 */
export function driftBetween(wanted: FenceListing, present: FenceListing | undefined): readonly Drift[] {
  if (!present) return ['the table inet portfence is missing'];
  return [
    ...byName(wanted.chains, present.chains, 'chain', chainDrift),
    ...byName(wanted.sets, present.sets, 'set', (one, other) =>
      setDrift(one, PASSING_SETS.includes(one.name) ? { ...other, elements: one.elements } : other),
    ),
    ...byName(wanted.counters, present.counters, 'counter', () => []),
    ...present.others.map((other) => `${other} is not ours to have`),
  ];
}

/** The set of ports of this host's sockets. */
export const BOUND_PORTS = 'bound_ports';

/** Sets of what comes and goes on a host: only that they are there is part of how the fence ought to be. */
export const PASSING_SETS: readonly string[] = [BOUND_PORTS, 'translated_ipv4', 'translated_ipv6'];

/** What is missing, what is there besides, and how the rest differs. */
export function byName<T extends { readonly name: string }>(
  wanted: readonly T[],
  present: readonly T[],
  noun: string,
  compare: (wanted: T, present: T) => readonly Drift[],
): readonly Drift[] {
  const there = new Map(present.map((one) => [one.name, one]));
  const known = new Set(wanted.map((one) => one.name));
  return [
    ...wanted.flatMap((one) => {
      const other = there.get(one.name);
      return other ? compare(one, other) : [`${noun} ${one.name} is missing`];
    }),
    ...present.filter((one) => !known.has(one.name)).map((one) => `${noun} ${one.name} is not ours to have`),
  ];
}

/** How two listings of one chain differ. */
export function chainDrift(wanted: Chain, present: Chain): readonly Drift[] {
  const base = (chain: Chain) =>
    chain.base
      ? `${chain.base.type} ${chain.base.hook} ${chain.base.priority} ${chain.base.policy ?? 'accept'}`
      : 'no hook';
  const hook =
    base(wanted) === base(present) ? [] : [`chain ${wanted.name} hooks as ${base(present)} instead of ${base(wanted)}`];
  return [...hook, ...rulesDrift(wanted, present)];
}

const words = (rule: Rule): string => JSON.stringify([rule.comment ?? '', rule.expr]);
const title = (rule: Rule): string =>
  rule.comment ? `"${rule.comment}"` : `without a comment (handle ${rule.handle})`;

export function sameRules(one: Chain, other: Chain): boolean {
  return one.rules.map(words).join('\n') === other.rules.map(words).join('\n');
}

function rulesDrift(wanted: Chain, present: Chain): readonly Drift[] {
  const ours = wanted.rules.map(words);
  const theirs = present.rules.map(words);
  if (ours.join('\n') === theirs.join('\n')) return [];
  const [known, found] = [new Set(ours), new Set(theirs)];
  const missing = wanted.rules.filter((_, i) => !found.has(ours[i] ?? ''));
  const foreign = present.rules.filter((_, i) => !known.has(theirs[i] ?? ''));
  const drift = [
    ...missing.map((rule) => `chain ${wanted.name}: rule ${title(rule)} is missing or changed`),
    ...foreign.map((rule) => `chain ${wanted.name}: rule ${title(rule)} is not as planned`),
  ];
  return drift.length > 0 ? drift : [`chain ${wanted.name}: its rules stand in another order`];
}

/** Whether two sets are one by name, type and elements. */
export function sameSet(one: FenceListing['sets'][number], other: FenceListing['sets'][number]): boolean {
  return one.name === other.name && setDrift(one, other).length === 0;
}

function setDrift(wanted: FenceListing['sets'][number], present: FenceListing['sets'][number]): readonly Drift[] {
  const form = (set: FenceListing['sets'][number]) => JSON.stringify([set.type, [...set.flags].sort()]);
  if (form(wanted) !== form(present)) return [`set ${wanted.name} is of another type`];
  const [known, found] = [new Set(wanted.elements), new Set(present.elements)];
  const missing = wanted.elements.filter((element) => !found.has(element));
  const foreign = present.elements.filter((element) => !known.has(element));
  return [
    ...missing.map((element) => `set ${wanted.name} lacks ${element}`),
    ...foreign.map((element) => `set ${wanted.name} holds ${element} besides`),
  ];
}
