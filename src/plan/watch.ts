import type { Policy } from '../policy/policy.ts';
import type { HostFacts } from './facts.ts';
import type { Condition, FollowedNat, NamedSet, Origin, Plan, Step } from './plan.ts';
import { containerSteps, forwardedSteps, hostSteps, leave, NOT_OPENING, step } from './steps.ts';

/**
 * What the guard asks of a packet that leaves out of range, after all NAT: what was left on purpose leaves here too, and a
 * step that maps names what ought to have been mapped. Whoever leaves with an address of this host ought to have been.
 */
export function watchSteps(
  policy: Policy,
  { facts, sets, nat }: { facts: HostFacts; sets: readonly NamedSet[]; nat: FollowedNat },
): Plan['watch'] {
  const unfollowed = nat.unfollowed.map(
    ({ number, family, rule }): Step =>
      step(
        `unfollowed-${number}`,
        [{ test: 'unfollowed', family, rule: number }],
        { do: 'leave', as: 'unfollowed', rule: number },
        rule,
      ),
  );
  const end = (origin: Origin): readonly Step[] => [
    ...unfollowed,
    step(
      `${origin}-map`,
      [],
      { do: 'map', address: { mode: 'keep' }, ports: policy.ports },
      'ought to have been mapped',
    ),
  ];
  const untranslated: Condition = { test: 'source-local', is: false };
  const underWay = (origin: Origin): Step =>
    step(`${origin}-under-way`, [...NOT_OPENING, untranslated], leave('under-way'), 'TCP that is open already');
  const own = step('forwarded-left', [untranslated], leave('left-alone'), 'forwarded with its own address: left alone');
  return {
    host: policy.host === 'off' ? hostSteps(policy, facts, sets) : [...hostSteps(policy, facts, sets), ...end('host')],
    containers: [...containerSteps(policy, sets), underWay('containers'), ...end('containers')],
    forwarded: [
      ...(policy.forwarded === 'leave' ? [own] : []),
      ...forwardedSteps(policy, sets),
      underWay('forwarded'),
      ...end('forwarded'),
    ],
  };
}
