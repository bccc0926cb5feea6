import {
  type CounterKey,
  counterName,
  type Tally,
  UNTRACKED,
  UNTRANSLATED,
  unfollowedCounter,
} from '../../plan/counters.ts';
import { type LeaveReason, type NamedSet, ORIGINS, type Origin, type Plan, type Step } from '../../plan/plan.ts';
import type { Chain, Rule } from './table.ts';

/** The chain that counts a mapped flow by whose it is. */
export const COUNT_CONFINED = 'count_confined';

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

/** Whether packets of the origin may be mapped: then those that leave out of range are watched for. */
export const maps = (plan: Plan, origin: Origin): boolean =>
  plan.origins[origin].some(({ then }) => then.do === 'follow' || then.do === 'map');

function leaves(steps: readonly Step[], as: LeaveReason): boolean {
  return steps.some((step) => step.then.do === 'leave' && step.then.as === as);
}

/** What this plan's rules count for an origin. */
export function talliesOf(plan: Plan, origin: Origin): readonly Tally[] {
  const watched = plan.guard === 'off' ? [] : plan.watch[origin];
  const leaked = watched.some(({ then }) => then.do === 'map');
  const all: readonly (readonly [Tally, boolean])[] = [
    ['confined', maps(plan, origin)],
    ['leaked', leaked],
    ['preexisting', leaked || leaves(watched, 'under-way')],
    ['leftAlone', leaves(watched, 'left-alone')],
    ['unfollowed', leaves(watched, 'unfollowed')],
  ];
  return all.filter(([, used]) => used).map(([tally]) => tally);
}

/** The names of all counters that the rules of this plan use. */
export function planCounters(plan: Plan): readonly string[] {
  const names = ORIGINS.flatMap((origin) =>
    talliesOf(plan, origin).flatMap((tally) => countersFor(plan, tally, origin).map(counterName)),
  );
  if (plan.guard === 'off') return names;
  const rules = plan.nat.unfollowed.map(({ number }) => unfollowedCounter(number));
  return [...names, ...rules, UNTRACKED, ...(translatedSets(plan).length > 0 ? [UNTRANSLATED] : [])];
}

/** The sets of container addresses that never leave as they are. */
export const translatedSets = (plan: Plan): readonly NamedSet[] =>
  plan.sets.filter(({ name }) => name === 'translated_ipv4' || name === 'translated_ipv6');

/** A counting chain for each tally but `leaked`, which the guard makes itself. */
export function countChains(plan: Plan): readonly Chain[] {
  return ORIGINS.flatMap((origin) =>
    talliesOf(plan, origin)
      .filter((tally) => tally !== 'leaked')
      .map((tally) => ({ name: countChainName(tally, origin), rules: [countRule(tally, origin, plan)] })),
  );
}
