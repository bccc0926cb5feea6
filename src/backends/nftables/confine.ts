import { CONFINE_PRIORITY } from '../../plan/follow.ts';
import { ORIGINS, type Origin, type Outcome, type Plan, type SetName, type Step } from '../../plan/plan.ts';
import { FAMILIES } from '../../ports.ts';
import { allTexts, interfacesOf, unfollowedSet } from './conditions.ts';
import { COUNT_CONFINED, countChainName, maps } from './counting.ts';
import { hex } from './foreign.ts';
import { mappingChains, mappingName, mappings } from './mapping.ts';
import type { Chain, Rule } from './table.ts';
import { commonBeginning, isSpread, returnTexts } from './wildcards.ts';
import { interfaceTexts, NETWORK } from './words.ts';

const chainOf: Readonly<Record<Origin, string>> = {
  host: 'from_host',
  containers: 'from_containers',
  forwarded: 'from_forwarded',
};
const ENTRY = 'leaving';
const UNDECIDED = 'undecided';
const NEW_NETWORK = 'new_network';
const KEEP = 'keep';

/** The nat side: what leaves, whose it is, what the rules of others decide, what is done where they don't, and the mapping. */
export function confineChains(plan: Plan): readonly Chain[] {
  const chains = (name: string, steps: readonly Step[]) => stepChains(name, steps, plan);
  const [first, ...entry] = plan.entry;
  return [
    countedByOrigin(plan),
    ...mappings(plan).flatMap((mapping) => mappingChains(mapping, plan)),
    ...chains(KEEP, plan.keep),
    ...chains(NEW_NETWORK, plan.newNetwork),
    ...chains(UNDECIDED, plan.undecided),
    ...plan.nat.chains.flatMap(({ name, steps }) => chains(name, steps)),
    ...ORIGINS.flatMap((origin) => chains(chainOf[origin], plan.origins[origin])),
    ...chains(ENTRY, entry),
    {
      name: 'confine',
      base: { type: 'nat', priority: CONFINE_PRIORITY },
      rules: first ? leavingRules(first, plan, ENTRY) : [],
    },
  ];
}

/**
 * The steps as one chain, and the chains that it needs. A step that many wildcards lead to would be a rule for each of them, and
 * the kernel walks whatever lies behind every one of these rules each time that rules change (nft_chain_validate): tens of thousands
 * of rules become millions. So it is said the other way round: a chain returns for these interfaces, and ends the walk of all others,
 * since every way through later steps ends in a verdict; one rule behind the jump to it leads on.
 */
function stepChains(name: string, steps: readonly Step[], plan: Plan): readonly Chain[] {
  const at = steps.findIndex((step) => isSpreadOut(step, plan));
  const step = steps[at];
  if (!step) return [{ name, rules: steps.flatMap((one) => stepRules(one, plan)) }];
  const names = interfacesOf(plan, arrivedOn(step) ?? 'containers');
  const later = steps.slice(at + 1);
  const [unless, after] = [`unless_${chainWord(step.id)}`, `after_${chainWord(step.id)}`];
  const beginning = commonBeginning(names);
  const further = stepChains(beginning === undefined ? unless : after, later, plan);
  const back = returnTexts(names, beginning, `goto ${after}`).map((text) => ruleOf(step, text));
  const own = further.find((chain) => chain.name === unless)?.rules ?? [ruleOf(step, `goto ${after}`)];
  return [
    ...further.filter((chain) => chain.name !== unless),
    { name: unless, rules: [...back, ...own] },
    {
      name,
      rules: [
        ...steps.slice(0, at).flatMap((one) => stepRules(one, plan)),
        ruleOf(step, `jump ${unless}`),
        ruleOf(step, statements(step.then, plan)),
      ],
    },
  ];
}

const ruleOf = ({ id, why }: Step, text: string): Rule => ({ id, text, why });
const chainWord = (id: string): string => id.replaceAll('-', '_');

/** The set of interfaces that a step asks for, and nothing else. */
function arrivedOn({ when: [only, ...more] }: Step): SetName | undefined {
  return only?.test === 'arrived-on' && more.length === 0 ? only.set : undefined;
}

function isSpreadOut(step: Step, plan: Plan): boolean {
  const set = arrivedOn(step);
  return set !== undefined && step.then.do !== 'leave' && isSpread(interfacesOf(plan, set));
}

/** "Leaves by none of these" ends the walk: said the other way round, since wildcards stand in rules of their own. */
export function leavingRules(step: Step, plan: Plan, entry: string): readonly Rule[] {
  return allTexts([{ test: 'uplink', is: true }], plan).map((text) => ({
    id: step.id,
    text: `${text} goto ${entry}`,
    why: 'goes on where it leaves by an uplink',
  }));
}

function stepRules(step: Step, plan: Plan): readonly Rule[] {
  if (step.then.do === 'follow') return followRules(step, plan);
  // At the end of a chain, one chain less: the kernel takes 16 that lead into each other.
  if (step.then.do === 'keep' && step.when.length === 0) return plan.keep.flatMap((one) => stepRules(one, plan));
  const then = statements(step.then, plan);
  return allTexts(step.when, plan).map((text) => ({ id: step.id, text: `${text} ${then}`.trim(), why: step.why }));
}

function statements(then: Outcome, plan: Plan): string {
  switch (then.do) {
    case 'leave':
      return `${then.rule === undefined ? '' : `${remember(then.rule, plan)} `}accept`;
    case 'enter':
      return `goto ${chainOf[then.origin]}`;
    case 'follow':
    case 'undecided':
      return `goto ${UNDECIDED}`;
    case 'new-network':
      return `goto ${NEW_NETWORK}`;
    case 'keep':
      return `goto ${KEEP}`;
    case 'jump':
    case 'goto':
      return `${then.do} ${then.chain}`;
    case 'return':
      return 'return';
    case 'map': {
      const { mark } = then;
      const set = mark ? `meta mark set meta mark and ${hex(mark.keep)} xor ${hex(mark.flip)} ` : '';
      return `${set}goto ${mappingName(then, plan)}`;
    }
  }
}

/** The flow is put into a set for a moment, in which the guard finds it, should it leave out of range. */
function remember(rule: number, plan: Plan): string {
  const family = plan.nat.unfollowed.find(({ number }) => number === rule)?.family ?? 'ipv4';
  const network = NETWORK[family];
  return `update @${unfollowedSet(rule)} { ${network} saddr . meta l4proto . ${network} daddr . th dport }`;
}

/** To the rules of others, as far as they could decide; each family has its own. */
function followRules(step: Step, plan: Plan): readonly Rule[] {
  return [
    ...FAMILIES.flatMap((family) => {
      const start = plan.nat.starts[family];
      return start === undefined ? [] : [ruleOf(step, `meta nfproto ${family} goto ${start}`)];
    }),
    ruleOf(step, statements(step.then, plan)),
  ];
}

/** Whose a mapped flow is, for its counter. */
function countedByOrigin(plan: Plan): Chain {
  const rule = (text: string, origin: Origin): Rule => ({
    id: `count-${origin}`,
    text: `${text} goto ${countChainName('confined', origin)}`.trim(),
    why: 'counted by origin',
  });
  return {
    name: COUNT_CONFINED,
    rules: [
      ...(maps(plan, 'host') ? [rule('iif 0 fib saddr type local', 'host')] : []),
      ...interfaceTexts('iifname', interfacesOf(plan, 'not_containers')).map((text) => rule(text, 'forwarded')),
      ...interfaceTexts('iifname', interfacesOf(plan, 'containers')).map((text) => rule(text, 'containers')),
      rule('', 'forwarded'),
    ],
  };
}
