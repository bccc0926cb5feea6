import { type CounterKey, counterName, type Tally, UNTRACKED } from '../counters.ts';
import { ORIGINS, type Origin, type Plan } from '../plan.ts';
import type { Chain, Rule } from './table.ts';

/** The chain that counts one tally of one origin by family and protocol. */
export function countChainName(tally: Tally, origin: Origin): string {
  return `count_${tally}_${origin}`;
}

/** A rule that counts and does nothing else; it ends without effect where no counter fits. */
export function countRule(tally: Tally, origin: Origin, plan: Plan): Rule {
  const entries = countersFor(plan, tally, origin).map(
    (key) => `${key.family} . ${key.protocol} : "${counterName(key)}"`,
  );
  return {
    id: `count-${tally}`,
    text: `counter name meta nfproto . meta l4proto map { ${entries.join(', ')} }`,
    why: 'by family and protocol',
  };
}

function countersFor(plan: Plan, tally: Tally, origin: Origin): readonly CounterKey[] {
  return plan.families.flatMap((family) => plan.protocols.map((protocol) => ({ tally, origin, family, protocol })));
}

const maps = (plan: Plan, origin: Origin): boolean => plan.origins[origin].some((step) => step.then.do === 'map');

function leaves(plan: Plan, origin: Origin, as: 'left-alone' | 'under-way'): boolean {
  return plan.origins[origin].some((step) => step.then.do === 'leave' && step.then.as === as);
}

/** What this plan's rules count for an origin. */
export function talliesOf(plan: Plan, origin: Origin): readonly Tally[] {
  const guarded = plan.guard !== 'off';
  const all: readonly (readonly [Tally, boolean])[] = [
    ['confined', maps(plan, origin)],
    ['leaked', guarded && maps(plan, origin)],
    ['preexisting', guarded && (maps(plan, origin) || leaves(plan, origin, 'under-way'))],
    ['leftAlone', guarded && leaves(plan, origin, 'left-alone')],
  ];
  return all.filter(([, used]) => used).map(([tally]) => tally);
}

/** The names of all counters that the rules of this plan use. */
export function planCounters(plan: Plan): readonly string[] {
  const names = ORIGINS.flatMap((origin) =>
    talliesOf(plan, origin).flatMap((tally) => countersFor(plan, tally, origin).map(counterName)),
  );
  return plan.guard === 'off' ? names : [...names, UNTRACKED];
}

/** A counting chain for each tally but `leaked`, which the guard makes itself. */
export function countChains(plan: Plan): readonly Chain[] {
  return ORIGINS.flatMap((origin) =>
    talliesOf(plan, origin)
      .filter((tally) => tally !== 'leaked')
      .map((tally) => ({ name: countChainName(tally, origin), rules: [countRule(tally, origin, plan)] })),
  );
}
