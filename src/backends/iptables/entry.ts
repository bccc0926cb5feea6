import type { Origin, Plan, Step } from '../../plan/plan.ts';
import { either } from './conditions.ts';
import { allOf, type Match, matchWords } from './match.ts';
import { type Chain, chainName, ROOT, type Rule } from './rules.ts';
import type { View } from './view.ts';

export const commentOf = ({ id, why }: Pick<Step, 'id' | 'why'>): string => `${id}: ${why}`;

/** A rule for each way to fit the step. */
export function stepRules(
  step: Step,
  view: View,
  target: readonly string[],
  and: readonly Match[] = [],
): readonly Rule[] {
  const conditions = step.when.map((condition) => either(condition, view));
  return allOf(and.length > 0 ? [...conditions, and] : conditions).map((match) => ({
    match: matchWords(match),
    comment: commentOf(step),
    target,
  }));
}

/**
 * The steps that every packet walks first. "Leaves by none of these" can't be said in one rule: such a step is a gate, a chain
 * that only what passes it goes on from; whatever comes to its end has left us. `inserted` rules stand behind the gates.
 */
export function entryChains(
  view: View,
  options: { name: (part: string) => string; of: (origin: Origin) => string; inserted: readonly Rule[] },
): readonly Chain[] {
  const { plan } = view;
  const chains: { name: string; rules: Rule[] }[] = [{ name: ROOT, rules: [] }];
  const add = (rules: readonly Rule[]): void => void chains.at(-1)?.rules.push(...rules);
  const gates = plan.entry.filter((step) => isGate(step, plan));
  const last = gates.at(-1);
  for (const step of plan.entry) {
    if (gates.includes(step)) {
      const name = options.name(step.id.replace(/^not-/, ''));
      add(stepRules(step, view, [`-g ${name}`]).map((rule) => ({ ...rule, comment: `${step.id}: goes on` })));
      chains.push({ name, rules: [] });
      if (step === last) add(options.inserted);
    } else {
      add(stepRules(step, view, [step.then.do === 'enter' ? `-g ${options.of(step.then.origin)}` : '-j RETURN']));
    }
  }
  return chains;
}

function isGate({ when }: Step, plan: Plan): boolean {
  const [only] = when;
  if (when.length !== 1 || !only) return false;
  if (only.test === 'uplink') return !only.is && plan.uplinks.mode === 'these';
  return only.test === 'protocol' && !only.is;
}

/** What everybody may be: made here, in a container, or forwarded. */
export const originChain = (origin: Origin): string => chainName(origin);
export const guardChain = (origin: Origin): string => chainName('guard', origin);
