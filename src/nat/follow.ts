import { numbered, type ProgramChains } from './calls.ts';
import { flatten } from './flatten.ts';
import { type FlowsAtHand, type FollowOptions, openConditions } from './known-answers.ts';
import { isUnchanged, MARKS_UNCHANGED, type MarkStates, markText, thenChange } from './marks.ts';
import type { BaseChain, MarkChange, MarkVerdict, NatRule } from './model.ts';
import { chainOutcomes, decisionKey, type Outcomes, outcomesOf } from './outcomes.ts';
import { withoutOthersOwners } from './owners.ts';
import type { Decision, NatProgram, ProgramRule, ProgramVerdict } from './program.ts';
import { type Effects, effectsOf } from './reach.ts';
import { simplify } from './simplify.ts';

/** An opaque rule was passed that may have led to `expected`: whatever ends otherwise from here on is not to be followed. */
interface Doubt {
  readonly expected: string;
  readonly rule: NatRule;
}

/** What a return does: back to the jump, on to the next base chain, or on at a place that has to know what happened. */
type After = { readonly to: 'jump' } | { readonly to: 'next-base' } | { readonly to: 'place'; readonly place: Place };

/** The rest of a standing chain, entered with what happened to the packet so far. */
interface Place {
  readonly base: number;
  readonly chain: string;
  readonly at: number;
  readonly marks: MarkStates;
  readonly after: After;
  readonly doubt: Doubt | undefined;
}

const MOST_CHAINS = 20_000;
const MOST_NESTED = 400;

interface Build {
  readonly bases: readonly BaseChain[];
  readonly flows: FlowsAtHand;
  readonly names: Map<string, string>;
  readonly chains: Map<string, readonly ProgramRule[]>;
  readonly outcomes: Map<string, Outcomes>;
  readonly effects: Map<string, Effects>;
  /** Short keys of rules and of places to go on at, so that keys do not grow with the depth of jumps. */
  readonly ids: Map<unknown, number>;
  nested: number;
  /** Whether jumps are told as gotos to chains that know where they go on. */
  readonly onlyGotos: boolean;
}

/**
 * What the base chains decide, asked in their order, for the flows at hand. Marks that are set on the way are worked into the
 * conditions of later rules. An opaque rule with an effect makes unfollowed what it may concern: what its other conditions hold
 * for, and what would end otherwise without it. A mere counter or log is ignored whatever it asks. Rules too entangled for the
 * depth that is allowed are not followed at all. Never throws.
 */
export function follow(
  bases: readonly BaseChain[],
  { mostDepth = Infinity, ...flows }: FollowOptions = {},
): NatProgram {
  const program = numbered(simplify(compile(bases, flows, false)));
  if (program.depth <= mostDepth) return program;
  const flat = flatten(simplify(compile(bases, flows, true)), mostDepth);
  return numbered(flat ?? new Map([['start', [giveUp({ bases }, { base: 0, chain: bases[0]?.name ?? '' })]]]));
}

function compile(bases: readonly BaseChain[], flows: FlowsAtHand, onlyGotos: boolean): ProgramChains {
  const maps = { names: new Map(), chains: new Map(), outcomes: new Map(), effects: new Map(), ids: new Map() };
  const build: Build = { bases, flows, ...maps, nested: 0, onlyGotos };
  const start = nextBase(build, { base: -1, marks: MARKS_UNCHANGED, doubt: undefined });
  return new Map([...build.chains, ['start', [{ when: [], verdict: start, source: undefined }]]]);
}

function nextBase(build: Build, { base, marks, doubt }: Pick<Place, 'base' | 'marks' | 'doubt'>): ProgramVerdict {
  const next = build.bases[base + 1];
  if (next === undefined) return decide({ do: 'keep' }, doubt);
  const place: Place = { base: base + 1, chain: next.name, at: 0, marks, after: { to: 'next-base' }, doubt };
  return { do: 'goto', to: chainFor(build, place) };
}

function decide(decision: Decision, doubt: Doubt | undefined): ProgramVerdict {
  if (doubt === undefined || decision.do === 'unfollowed' || decisionKey(decision) === doubt.expected) {
    return { do: 'decide', decision };
  }
  return unfollowed(doubt.rule);
}

function unfollowed({ when, verdict, source }: NatRule): ProgramVerdict {
  const questions = when.flatMap((condition) => (condition.test === 'opaque' ? [condition.text] : []));
  const answers = verdict.do === 'opaque' ? [verdict.text] : [];
  const why = [...questions, ...answers].join(' ') || 'too entangled to follow';
  return { do: 'decide', decision: { do: 'unfollowed', by: source, why } };
}

/** The name of the program's chain for a place; the chain is made when it is first asked for. */
function chainFor(build: Build, place: Place): string {
  const key = placeKey(build, place);
  const known = build.names.get(key);
  if (known !== undefined) return build.chains.has(known) ? known : loop(build, place);
  const name = `chain_${build.names.size}`;
  build.names.set(key, name);
  build.nested += 1;
  const isTooMuch = build.nested > MOST_NESTED || build.names.size > MOST_CHAINS;
  add(build, name, isTooMuch ? [giveUp(build, place)] : rulesFor(build, place));
  build.nested -= 1;
  return name;
}

function add({ chains, outcomes }: Build, name: string, rules: readonly ProgramRule[]): void {
  chains.set(name, rules);
  outcomes.set(name, chainOutcomes(rules, outcomes));
}

/** A chain that jumps to itself, which no kernel takes: a text that is broken must not make us run for ever. */
function loop(build: Build, place: Place): string {
  const name = `loop_${place.base}_${place.chain}`;
  if (!build.chains.has(name)) add(build, name, [giveUp(build, place)]);
  return name;
}

function giveUp({ bases }: Pick<Build, 'bases'>, { base, chain }: Pick<Place, 'base' | 'chain'>): ProgramRule {
  const { backend = 'nftables', table = '' } = bases[base] ?? {};
  const source = { backend, table, chain, text: 'rules that jump too deep to be followed' } as const;
  return { when: [], verdict: unfollowed({ when: [], verdict: { do: 'pass' }, source }), source };
}

function placeKey(build: Build, { base, chain, at, marks, after, doubt }: Place): string {
  const on = after.to === 'place' ? idOf(build, placeKey(build, after.place)) : after.to;
  const doubted = doubt && [doubt.expected, idOf(build, doubt.rule.source)];
  return JSON.stringify([base, chain, at, markText(marks), on, doubted]);
}

function idOf({ ids }: Build, thing: unknown): number {
  const known = ids.get(thing) ?? ids.size;
  ids.set(thing, known);
  return known;
}

function rulesFor(build: Build, place: Place): readonly ProgramRule[] {
  const standing = build.bases[place.base]?.chains.get(place.chain) ?? [];
  const rules: ProgramRule[] = [];
  for (let at = place.at; at < standing.length; at += 1) {
    const rule = standing[at];
    if (rule === undefined || isIdle(build, place, rule)) continue;
    const open = openConditions(rule.when, place.marks, build.flows);
    if (open === false) continue;
    const rest = { ...place, at: at + 1 };
    const isCertain = open.every(({ test }) => test !== 'opaque');
    const verdict = isCertain ? takeRule(build, rest, rule) : takeDoubt(build, rest, { ...rule, when: open });
    if (verdict === undefined) continue;
    const { source } = rule;
    const { when, exceptions } = withoutOthersOwners(open.filter(({ test }) => test !== 'opaque'));
    for (const one of exceptions) rules.push({ when: one, verdict: goOn(build, rest), source });
    rules.push({ when, verdict, source });
    if (when.length === 0 && verdict.do !== 'jump') return rules;
  }
  return [...rules, { when: [], verdict: leaveChain(build, place), source: undefined }];
}

const goOn = (build: Build, place: Place): ProgramVerdict => ({ do: 'goto', to: chainFor(build, place) });

function isIdle(build: Build, { base }: Place, { marks = [], verdict }: NatRule): boolean {
  if (marks.length > 0) return false;
  return verdict.do === 'pass' || (verdict.do === 'jump' && !effects(build, base, verdict.chain).matters);
}

/** Where the rule leads once it matches; `after` is the place after the rule. */
function takeRule(build: Build, after: Place, rule: NatRule): ProgramVerdict {
  const { marks = [], verdict, source } = rule;
  const rest = { ...after, marks: marks.reduce(changed, after.marks) };
  switch (verdict.do) {
    case 'masquerade':
    case 'snat':
      return decide({ ...verdict, by: source, ...changeOf(rest.marks) }, rest.doubt);
    case 'drop':
      return decide({ do: 'drop', by: source }, rest.doubt);
    case 'accept':
      return nextBase(build, rest);
    case 'return':
      return leaveChain(build, rest);
    case 'jump':
      return takeJump(build, rest, { chain: verdict.chain, isTraced: marks.length > 0 });
    case 'goto':
      return goOn(build, { ...rest, chain: verdict.chain, at: 0 });
    case 'set-mark':
    case 'lose-mark':
      return goOn(build, { ...rest, marks: changed(rest.marks, verdict) });
    case 'pass':
      return goOn(build, rest);
    case 'opaque':
      return unfollowed(rule);
  }
}

function changeOf({ packet }: MarkStates): { readonly mark?: MarkChange } {
  return packet === 'lost' || isUnchanged(packet) ? {} : { mark: packet };
}

function changed(marks: MarkStates, verdict: MarkVerdict): MarkStates {
  return { ...marks, [verdict.of]: verdict.do === 'set-mark' ? thenChange(marks[verdict.of], verdict) : 'lost' };
}

interface Jump {
  readonly chain: string;
  /** The caller's rest has to know what the rule did, whatever the chain does. */
  readonly isTraced: boolean;
}

function takeJump(build: Build, rest: Place, { chain, isTraced }: Jump): ProgramVerdict {
  const inside = { ...rest, chain, at: 0 };
  if (isAtEnd(build, rest)) return goOn(build, inside);
  if (isTraced || build.onlyGotos || effects(build, rest.base, chain).leavesTraces) {
    return goOn(build, { ...inside, after: { to: 'place', place: rest } });
  }
  return { do: 'jump', to: chainFor(build, { ...inside, after: { to: 'jump' } }) };
}

/** Whether no rule that matters is left, so that a jump from here need not come back here. */
function isAtEnd(build: Build, place: Place): boolean {
  const left = build.bases[place.base]?.chains.get(place.chain)?.slice(place.at) ?? [];
  return left.every(
    (rule) => isIdle(build, place, rule) || openConditions(rule.when, place.marks, build.flows) === false,
  );
}

function effects(build: Build, base: number, chain: string): Effects {
  const key = `${base} ${chain}`;
  const known = build.effects.get(key) ?? effectsOf(chain, build.bases[base]?.chains ?? new Map());
  build.effects.set(key, known);
  return known;
}

function leaveChain(build: Build, place: Place): ProgramVerdict {
  const { after, marks, doubt } = place;
  if (after.to === 'jump') return { do: 'return' };
  if (after.to === 'place') return goOn(build, { ...after.place, marks, doubt });
  if (build.bases[place.base]?.policy === 'drop') return decide({ do: 'drop', by: undefined }, doubt);
  return nextBase(build, place);
}

/**
 * A rule of which nobody can tell whether it matches. Where it could lead to one end alone, the rest is walked with that end
 * in mind; undefined where the rest ends there anyway.
 */
function takeDoubt(build: Build, rest: Place, rule: NatRule): ProgramVerdict | undefined {
  const taken = outcomesOf(takeRule(build, rest, rule), build.outcomes);
  const [expected, more] = taken.keys();
  if (expected === undefined || more !== undefined || expected.startsWith('unfollowed')) return unfollowed(rule);
  if (rest.doubt?.expected === expected) return undefined;
  const otherwise = goOn(build, { ...rest, doubt: { expected, rule } });
  const [same, different] = outcomesOf(otherwise, build.outcomes).keys();
  return same === expected && different === undefined ? undefined : otherwise;
}
