import { calleesFirst, countCalls, type ProgramChains, type Rules } from './calls.ts';
import { conjoin, givenThat } from './implied.ts';
import type { Condition } from './model.ts';
import { decisionKey } from './outcomes.ts';
import type { ProgramRule, ProgramVerdict } from './program.ts';

/** Chains of at most so many rules are written out where they are called, however often that is. */
const SMALL = 3;

/** The same decisions by fewer chains and rules, callees first; chains that `start` does not need are gone. */
export function simplify(chains: ProgramChains): ProgramChains {
  let all = chains;
  for (let round = 0; round < 2; round += 1) all = shorten(all);
  return all;
}

function shorten(chains: ProgramChains): ProgramChains {
  const calls = countCalls(chains);
  const short = new Map<string, Rules>();
  for (const name of calleesFirst(chains)) {
    const isInline = (to: string) => (calls.get(to) ?? 0) <= 1 || (short.get(to)?.length ?? 0) <= SMALL;
    const rules = givenThat([], chains.get(name) ?? [], (to, known) => {
      if (calls.get(to) === 1) short.set(to, trim(givenThat(known, short.get(to) ?? [])));
    });
    short.set(name, joinLast(trim(rules.flatMap((rule) => inline(rule, short, isInline))), short));
  }
  const needed = new Set(calleesFirst(short));
  return new Map([...short].filter(([name]) => needed.has(name)));
}

function inline(rule: ProgramRule, chains: ProgramChains, isInline: (to: string) => boolean): Rules {
  if (rule.verdict.do !== 'jump' && rule.verdict.do !== 'goto') return [rule];
  const inside = chains.get(rule.verdict.to) ?? [];
  const [only, more] = inside;
  if (only !== undefined && more === undefined && only.when.length === 0) {
    if (rule.verdict.do === 'jump' && only.verdict.do === 'return') return [];
    if (rule.verdict.do === 'goto' || !comesBack(only.verdict, chains)) {
      return [{ ...rule, verdict: only.verdict, source: sourceOf(only) ?? rule.source }];
    }
  }
  if (rule.verdict.do === 'jump' && more?.verdict.do === 'return' && inside.length === 2) {
    const joined = join(rule.when, only);
    if (joined && !comesBack(only?.verdict, chains)) return [joined];
  }
  if (rule.when.length > 0 || !isInline(rule.verdict.to)) return [rule];
  if (rule.verdict.do === 'goto') return inside;
  const body =
    inside.at(-1)?.verdict.do === 'return' && inside.at(-1)?.when.length === 0 ? inside.slice(0, -1) : inside;
  return body.some(({ verdict }) => comesBack(verdict, chains)) ? [rule] : body;
}

const sourceOf = ({ verdict, source }: ProgramRule) =>
  verdict.do === 'decide' && verdict.decision.do !== 'keep' ? source : undefined;

const returning = new WeakMap<Rules, boolean>();

/** Whether the verdict may end in a return to the chain that called the one that it stands in. */
function comesBack(verdict: ProgramVerdict | undefined, chains: ProgramChains): boolean {
  if (verdict === undefined) return false;
  if (verdict.do !== 'goto') return verdict.do === 'return';
  const rules = chains.get(verdict.to) ?? [];
  const answer = returning.get(rules) ?? rules.some((rule) => comesBack(rule.verdict, chains));
  returning.set(rules, answer);
  return answer;
}

/** Without what comes after an unconditional end, and without rules before it that end alike. */
function trim(rules: Rules): Rules {
  const end = rules.findIndex(({ when, verdict }) => when.length === 0 && verdict.do !== 'jump');
  const kept = end === -1 ? [...rules] : rules.slice(0, end + 1);
  const last = kept.at(-1);
  if (last === undefined || end === -1) return kept;
  const isAlike = (rule: ProgramRule | undefined) =>
    rule !== undefined &&
    sameEnd(rule.verdict, last.verdict) &&
    (rule.verdict.do !== 'decide' || rule.verdict.decision.do === 'keep');
  while (isAlike(kept.at(-2))) kept.splice(-2, 1);
  return kept;
}

/** A last call for the sake of one rule is that rule, where both chains end alike and no question is asked twice. */
function joinLast(rules: Rules, chains: ProgramChains): Rules {
  const [call, end] = [rules.at(-2), rules.at(-1)];
  if (call?.verdict.do !== 'goto' || end === undefined) return rules;
  const [only, otherwise, more] = chains.get(call.verdict.to) ?? [];
  if (!otherwise || more || !sameEnd(otherwise.verdict, end.verdict)) return rules;
  const joined = join(call.when, only);
  return joined ? [...rules.slice(0, -2), joined, end] : rules;
}

/** The rule with more conditions, unless it would ask two questions about the same thing, which iptables can't. */
function join(when: readonly Condition[], rule: ProgramRule | undefined): ProgramRule | undefined {
  if (rule === undefined) return undefined;
  const all = conjoin(when, rule.when);
  return new Set(all.map(({ test }) => test)).size === all.length ? { ...rule, when: all } : undefined;
}

function sameEnd(a: ProgramVerdict, b: ProgramVerdict): boolean {
  if (a.do === 'decide' && b.do === 'decide') return decisionKey(a.decision) === decisionKey(b.decision);
  if (a.do === 'goto' && b.do === 'goto') return a.to === b.to;
  return a.do === 'return' && b.do === 'return';
}
