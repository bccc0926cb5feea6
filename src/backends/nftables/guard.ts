import { UNTRACKED, UNTRANSLATED, unfollowedCounter } from '../../plan/counters.ts';
import { ORIGINS, type Origin, type Plan, type Step } from '../../plan/plan.ts';
import { allTexts } from './conditions.ts';
import { leavingRules } from './confine.ts';
import { countChainName, countRule, translatedSets } from './counting.ts';
import { type Chain, GUARD_PRIORITY, type Rule } from './table.ts';
import { NETWORK, portsTexts } from './words.ts';

const chainOf: Readonly<Record<Origin, string>> = {
  host: 'guard_host',
  containers: 'guard_containers',
  forwarded: 'guard_forwarded',
};
const ENTRY = 'guard_leaving';
const INVALID = 'guard_invalid';

/** Steps that only ask what a packet is; nearly every packet that leaves ends right behind them. */
const FIRST = new Set(['family', 'protocol']);
const isFirst = (step: Step): boolean =>
  step.when.length > 0 && step.when.every((condition) => FIRST.has(condition.test));

const leaks = (plan: Plan, origin: Origin): boolean => plan.watch[origin].some(({ then }) => then.do === 'map');

/** The watching side: the same steps as confine, walked after all NAT, by what leaves out of range. */
export function guardChains(plan: Plan): readonly Chain[] {
  if (plan.guard === 'off') return [];
  const [first, ...entry] = plan.entry;
  const translated = translatedSets(plan);
  return [
    ...ORIGINS.filter((origin) => leaks(plan, origin)).map((origin) => leakChain(origin, plan)),
    ...ORIGINS.map(
      (origin): Chain => ({
        name: chainOf[origin],
        rules: plan.watch[origin].flatMap((step) => watchRules(step, origin, plan)),
      }),
    ),
    ...(translated.length > 0 ? [invalidChain(plan)] : []),
    {
      name: ENTRY,
      rules: [
        ...entry.filter(isFirst).flatMap((step) => entryRules(step, plan)),
        ...(translated.length > 0
          ? [
              {
                id: 'invalid',
                text: `ct state invalid jump ${INVALID}`,
                why: 'nothing translates what conntrack rejects',
              },
            ]
          : []),
        ...portsTexts('th sport', true, plan.ranges).map((text) => ({
          id: 'in-range',
          text: `${text} accept`,
          why: 'leaves with an allowed port',
        })),
        {
          id: 'untracked',
          text: `ct state invalid,untracked counter name "${UNTRACKED}" accept`,
          why: 'conntrack does not know it: counted',
        },
        { id: 'answer', text: 'ct direction reply accept', why: 'an answer within a connection that others opened' },
        ...entry.filter((step) => !isFirst(step)).flatMap((step) => entryRules(step, plan)),
      ],
    },
    {
      name: 'guard',
      base: { type: 'filter', priority: GUARD_PRIORITY },
      rules: first ? leavingRules(first, plan, ENTRY) : [],
    },
  ];
}

/** A container's private address would leave with it, which some hosters block servers for. */
function invalidChain(plan: Plan): Chain {
  const verdict = plan.guard === 'drop' ? 'drop' : 'accept';
  return {
    name: INVALID,
    rules: translatedSets(plan).flatMap((set) =>
      set.holds === 'addresses'
        ? [
            {
              id: UNTRANSLATED,
              text: `${NETWORK[set.family]} saddr @${set.name} counter name "${UNTRANSLATED}" ${verdict}`,
              why: "leaves with a container's own address",
            },
          ]
        : [],
    ),
  };
}

const rulesOf = (step: Step, plan: Plan, verdict: string): readonly Rule[] =>
  allTexts(step.when, plan, 'original').map((text) => ({
    id: step.id,
    text: `${text} ${verdict}`.trim(),
    why: step.why,
  }));

function entryRules(step: Step, plan: Plan): readonly Rule[] {
  return rulesOf(step, plan, step.then.do === 'enter' ? `goto ${chainOf[step.then.origin]}` : 'accept');
}

function watchRules(step: Step, origin: Origin, plan: Plan): readonly Rule[] {
  const { then } = step;
  if (then.do !== 'leave') return rulesOf(step, plan, `goto ${leakName(origin)}`);
  const tally = then.as === 'under-way' ? 'preexisting' : then.as === 'unfollowed' ? 'unfollowed' : 'leftAlone';
  const count = then.rule === undefined ? '' : `counter name "${unfollowedCounter(then.rule)}" `;
  return rulesOf(step, plan, `${count}goto ${countChainName(tally, origin)}`);
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
