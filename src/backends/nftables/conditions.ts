import type { Condition, Plan, SetName } from '../../plan/plan.ts';
import type { Family } from '../../ports.ts';
import { BOUND_PORTS } from '../drift.ts';
import { foreignTexts } from './foreign.ts';
import { exceptInterfaces, interfaceTexts, listExpression, NETWORK, oneOfTexts, portsTexts } from './words.ts';

/**
 * How a rule reads the source address: `present` as the packet carries it (before any source NAT), `original` as conntrack
 * remembers it, which is what the same question needs once NAT is done. The port is always the one that leaves.
 */
export type SourceView = 'present' | 'original';

/**
 * One condition in nft's words: texts any of which will do, one rule each. Names and wildcards of interfaces stand in the
 * rules themselves: sets that hold wildcards can't be looked up before nft 1.0.6 ("Byteorder mismatch").
 */
export function conditionTexts(condition: Condition, plan: Plan, view: SourceView = 'present'): readonly string[] {
  const sourceOf = (family: Family) => `${view === 'present' ? '' : 'ct original '}${NETWORK[family]} saddr`;
  switch (condition.test) {
    case 'uplink':
      return uplinkTexts(condition.is, plan);
    case 'family':
      return [`meta nfproto ${condition.is ? '' : '!= '}${condition.family}`];
    case 'protocol':
      return [`meta l4proto ${condition.is ? '' : '!= '}${listExpression(condition.in)}`];
    case 'many-receivers':
      return ['fib daddr type { broadcast, multicast }'];
    case 'destination':
      return addressTexts(`${NETWORK[condition.family]} daddr`, condition);
    case 'source':
      return addressTexts(sourceOf(condition.family), condition);
    case 'source-port':
      return portsTexts('th sport', condition.is, condition.in);
    case 'published':
      return [`${sourceOf(condition.family)} . meta l4proto . th sport @${condition.set}`];
    case 'bound-socket':
      return [`meta l4proto . th sport @${BOUND_PORTS}`];
    case 'made-here':
      return ['iif 0'];
    case 'source-local':
      return [`fib saddr type ${condition.is ? '' : '!= '}local`];
    case 'opening':
      return ['tcp flags & (fin | syn | rst | ack) != syn'];
    case 'arrived-on':
      return interfaceTexts('iifname', interfacesOf(plan, condition.set));
    case 'unfollowed':
      return [
        `${sourceOf(condition.family)} . meta l4proto . ${NETWORK[condition.family]} daddr . th dport @${unfollowedSet(condition.rule)}`,
      ];
    case 'foreign':
      return foreignTexts(condition.condition, condition.family);
  }
}

function addressTexts(
  key: string,
  { set, in: blocks }: Extract<Condition, { test: 'source' | 'destination' }>,
): readonly string[] {
  return set ? [`${key} @${set}`] : oneOfTexts(key, true, blocks);
}

/** The set of flows that were left to the rule with this number a moment ago. */
export const unfollowedSet = (rule: number): string => `unfollowed_${rule}`;

export function interfacesOf(plan: Plan, name: SetName): readonly string[] {
  return plan.sets.flatMap((set) => (set.name === name && set.holds === 'interfaces' ? set.elements : []));
}

function uplinkTexts(is: boolean, plan: Plan): readonly string[] {
  const these = plan.uplinks.mode === 'these';
  const names = interfacesOf(plan, these ? 'uplinks' : 'not_uplinks');
  if (these === is) return interfaceTexts('oifname', names);
  return [exceptInterfaces('oifname', names)];
}

/** Every way to fit all of the conditions: the words of one rule each. */
export function allTexts(conditions: readonly Condition[], plan: Plan, view?: SourceView): readonly string[] {
  return conditions
    .map((condition) => conditionTexts(condition, plan, view))
    .reduce<readonly string[]>(
      (sofar, texts) => sofar.flatMap((one) => texts.map((text) => (one === '' ? text : `${one} ${text}`))),
      [''],
    );
}
