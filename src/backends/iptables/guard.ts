import { counterName, type Tally, UNTRACKED, UNTRANSLATED } from '../../plan/counters.ts';
import { ORIGINS, type Origin, type Plan } from '../../plan/plan.ts';
import { complement } from '../../ports.ts';
import { entryChains, guardChain, stepRules } from './entry.ts';
import { portMatches } from './port-matches.ts';
import { type Chain, chainName, type Rule } from './rules.ts';
import type { View } from './view.ts';

const leakChain = (origin: Origin): string => chainName('leak', origin);
const leaks = (plan: Plan, origin: Origin): boolean => plan.watch[origin].some(({ then }) => then.do === 'map');

const RETURN = ['-j RETURN'] as const;

/**
 * The watching side, in mangle, which comes before nat. From a connection's second packet on conntrack tells the port that it
 * leaves with; of the first packet only what is left alone by the policy can be told. Empty where the policy has no guard.
 */
export function guardChains(seen: View): readonly Chain[] {
  const view: View = { ...seen, isGuard: true };
  const { plan } = view;
  if (plan.guard === 'off') return [];
  return [
    ...ORIGINS.filter((origin) => leaks(plan, origin)).map((origin) => ({
      name: leakChain(origin),
      rules: leakRules(origin, view),
    })),
    ...ORIGINS.map((origin) => ({ name: guardChain(origin), rules: originRules(origin, view) })),
    ...entryChains(view, {
      name: (part) => chainName('guard', part),
      of: guardChain,
      inserted: filterRules(view),
    }),
  ];
}

/** Nearly every packet ends here: it is an answer, or has an allowed port. */
function filterRules({ plan, family }: View): readonly Rule[] {
  const unknown = '-m conntrack --ctstate INVALID,UNTRACKED';
  const outside = portMatches('sport', complement(plan.ranges), plan.protocols);
  const inside = portMatches('sport', plan.ranges, plan.protocols);
  const rule = (match: readonly string[], comment: string, target: readonly string[] = RETURN): Rule => ({
    match,
    comment,
    target,
  });
  const translated = plan.sets.flatMap((set) =>
    set.name === `translated_${family}` && set.holds === 'addresses' ? set.elements : [],
  );
  return [
    ...translated.map((block) =>
      rule(
        [`-s ${block}`, '-m conntrack --ctstate INVALID'],
        `${UNTRANSLATED} untranslated: leaves with a container's own address`,
        plan.guard === 'drop' ? ['-j DROP'] : RETURN,
      ),
    ),
    ...outside.map(({ protocol, words }) =>
      rule([`-p ${protocol}`, unknown, ...words], `${UNTRACKED} untracked: conntrack does not know it`),
    ),
    rule([unknown], 'untracked: and has an allowed port'),
    rule(['-m conntrack --ctdir REPLY'], "answer: an answer within somebody else's connection"),
    ...plan.ranges.map(({ from, to }) =>
      rule(
        [`-m conntrack --ctrepldstport ${from}:${to} --ctstatus CONFIRMED`],
        'in-range: conntrack knows that it leaves with an allowed port',
      ),
    ),
    ...inside.map(({ protocol, words }) =>
      rule(
        [`-p ${protocol}`, '-m conntrack ! --ctstatus CONFIRMED', ...words],
        'in-range: a first packet with an allowed port',
      ),
    ),
  ];
}

function counted(tally: Tally, origin: Origin, { plan, family }: View, rule: Omit<Rule, 'comment'>, why: string) {
  return plan.protocols.map((protocol) => ({
    ...rule,
    match: [`-p ${protocol}`, ...rule.match],
    comment: `${counterName({ tally, origin, family, protocol })} ${why}`,
  }));
}

function originRules(origin: Origin, view: View): readonly Rule[] {
  const { plan, family } = view;
  return plan.watch[origin].flatMap((step): readonly Rule[] => {
    const { then } = step;
    if (then.do !== 'leave') return stepRules(step, view, [`-g ${leakChain(origin)}`]);
    const tally = then.as === 'under-way' ? 'preexisting' : then.as === 'unfollowed' ? 'unfollowed' : 'leftAlone';
    return plan.protocols.flatMap((protocol) =>
      stepRules(step, view, RETURN, [{ protocol, words: [] }]).map((rule) => ({
        ...rule,
        comment: `${counterName({ tally, origin, family, protocol })} ${rule.comment}`,
      })),
    );
  });
}

function leakRules(origin: Origin, view: View): readonly Rule[] {
  const drop = view.plan.guard === 'drop';
  return [
    {
      match: ['-m conntrack ! --ctstatus CONFIRMED'],
      comment: 'first: the port that it leaves with is not decided yet',
      target: RETURN,
    },
    ...counted(
      'preexisting',
      origin,
      view,
      { match: ['-m conntrack ! --ctstate NEW'], target: RETURN },
      'older: a connection older than the fence',
    ),
    ...counted(
      'leaked',
      origin,
      view,
      { match: [], target: drop ? ['-j DROP'] : [] },
      drop ? 'leaked: guard: drop' : 'leaked: ought to have been mapped',
    ),
  ];
}
