import { UNTRACKED } from '../counters.ts';
import { ORIGINS, type Origin, type Plan, type Step } from '../plan.ts';
import { conditionText, portsExpression } from './conditions.ts';
import { countChainName, countRule } from './counting.ts';
import { type Chain, GUARD_PRIORITY, type Rule } from './table.ts';

const chainOf: Readonly<Record<Origin, string>> = {
  host: 'guard_host',
  containers: 'guard_containers',
  forwarded: 'guard_forwarded',
};

/** Steps that only ask where a packet goes and what it is; nearly every packet that leaves ends right behind them. */
const FIRST = new Set(['uplink', 'family', 'protocol']);
const isFirst = (step: Step): boolean =>
  step.when.length > 0 && step.when.every((condition) => FIRST.has(condition.test));

const maps = (plan: Plan, origin: Origin): boolean => plan.origins[origin].some((step) => step.then.do === 'map');

/** The watching side: the same steps as confine, walked after all NAT, by what leaves out of range. */
export function guardChains(plan: Plan): readonly Chain[] {
  if (plan.guard === 'off') return [];
  return [
    ...ORIGINS.filter((origin) => maps(plan, origin)).map((origin) => leakChain(origin, plan)),
    ...ORIGINS.map(
      (origin): Chain => ({
        name: chainOf[origin],
        rules: plan.origins[origin].map((step) => originRule(step, origin, plan)),
      }),
    ),
    {
      name: 'guard',
      base: { type: 'filter', priority: GUARD_PRIORITY },
      rules: [
        ...plan.entry.filter(isFirst).map((step) => entryRule(step, plan)),
        { id: 'in-range', text: `th sport ${portsExpression(plan.ranges)} accept`, why: 'leaves with an allowed port' },
        {
          id: 'untracked',
          text: `ct state invalid,untracked counter name "${UNTRACKED}" accept`,
          why: 'conntrack does not know it: counted',
        },
        { id: 'answer', text: 'ct direction reply accept', why: "an answer within somebody else's connection" },
        ...plan.entry.filter((step) => !isFirst(step)).map((step) => entryRule(step, plan)),
      ],
    },
  ];
}

const ruleText = (step: Step, plan: Plan, then: string): string =>
  [...step.when.map((condition) => conditionText(condition, plan, 'original')), then].join(' ');

function entryRule(step: Step, plan: Plan): Rule {
  const then = step.then.do === 'enter' ? `goto ${chainOf[step.then.origin]}` : 'accept';
  return { id: step.id, text: ruleText(step, plan, then), why: step.why };
}

function originRule(step: Step, origin: Origin, plan: Plan): Rule {
  if (step.then.do === 'leave') {
    const tally = step.then.as === 'under-way' ? 'preexisting' : 'leftAlone';
    return { id: step.id, text: ruleText(step, plan, `goto ${countChainName(tally, origin)}`), why: step.why };
  }
  return { id: step.id, text: ruleText(step, plan, `goto ${leakName(origin)}`), why: 'ought to have been mapped' };
}

const leakName = (origin: Origin): string => `leak_${origin}`;

function leakChain(origin: Origin, plan: Plan): Chain {
  const count = countRule('leaked', origin, plan);
  return {
    name: leakName(origin),
    rules: [
      {
        id: 'older',
        text: `ct state != new goto ${countChainName('preexisting', origin)}`,
        why: 'a connection older than the fence',
      },
      count,
      ...(plan.guard === 'drop' ? [{ id: 'drop', text: 'drop', why: 'guard: drop' }] : []),
    ],
  };
}
