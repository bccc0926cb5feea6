import { counterName } from '../../plan/counters.ts';
import { ORIGINS, type Origin, type Outcome, type Step } from '../../plan/plan.ts';
import { complement, type PortSet, type Protocol, portsText } from '../../ports.ts';
import { entryChains, originChain, stepRules } from './entry.ts';
import { type GotoChains, withoutJumps } from './gotos.ts';
import { mappingRules } from './mapping.ts';
import { type Either, matchWords } from './match.ts';
import { portMatches } from './port-matches.ts';
import { type Chain, chainName, ROOT, type Rule } from './rules.ts';
import type { View } from './view.ts';

type Mapping = Outcome & { readonly do: 'map' };

/** Chains that every followed rule may end in, once for where RETURN leaves us, and once (`kept`) for where a jump is open. */
const ENDS = ['undecided', 'new-network', 'keep'] as const;
type End = (typeof ENDS)[number];
const countChain = (origin: Origin): string => chainName('count', origin);

/** The chains of one origin: what its packets meet, so that nothing behind the entry asks again whose they are. */
interface Branch {
  readonly view: View & { readonly origin: Origin };
  /** The rules of others; undefined where none of this family decides. */
  readonly followed: GotoChains | undefined;
  readonly mappings: readonly Mapping[];
}

/** The kernel takes names of 28 characters: `PORTFENCE-c-undecided` is that of containers. */
const branchChain = ({ view }: Branch, ...parts: readonly (string | number)[]): string =>
  chainName(view.origin.slice(0, 1), ...parts);
const endChain = (branch: Branch, end: End, isJumped: boolean): string =>
  isJumped ? branchChain(branch, 'kept', end) : branchChain(branch, end);
/** `nat_3` becomes `PORTFENCE-c-nat-3`: each family has tables of its own. */
const followedChain = (branch: Branch, name: string): string => branchChain(branch, name.replaceAll('_', '-'));

/**
 * The nat side: the entry, and one branch an origin: what the rules of others decide, what is done where they don't, and the ways
 * of mapping. A branch is told apart by many wildcards once, at the entry: the kernel walks all that lies behind each rule
 * that leads on whenever rules change (nft_chain_validate), and a second such question within the first would multiply that.
 */
export function confineChains(view: View): readonly Chain[] {
  const { plan, family } = view;
  const start = plan.nat.starts[family];
  const followed = start === undefined ? undefined : withoutJumps(plan.nat.chains, start);
  const mappings = mappingsOf(view);
  const chains = [
    ...ORIGINS.map((origin) => ({ name: countChain(origin), rules: counterRules(origin, view) })),
    ...ORIGINS.flatMap((origin) => branchChains({ view: { ...view, origin }, followed, mappings })),
    ...entryChains(view, { name: (part) => chainName(part), of: originChain, inserted: [] }),
  ];
  const used = reachable(chains);
  return chains.filter(({ name }) => used.has(name));
}

function branchChains(branch: Branch): readonly Chain[] {
  const { view, followed, mappings } = branch;
  const { plan, origin } = view;
  return [
    ...mappings.map((mapping, index) => ({
      name: mappingChain(branch, mapping, index),
      rules: [...countRules(mapping, branch), ...mappingRules(mapping, plan.protocols)],
    })),
    ...mappings.flatMap((mapping, index) => markChains(mapping, index, branch)),
    ...endChains(branch, false),
    ...endChains(branch, true),
    ...(followed?.chains ?? []).map(({ name, steps, isJumped }) => ({
      name: followedChain(branch, name),
      rules: rulesOf(steps, branch, isJumped),
    })),
    { name: originChain(origin), rules: rulesOf(plan.origins[origin], branch, false) },
  ];
}

function endChains(branch: Branch, isJumped: boolean): readonly Chain[] {
  const { keep, newNetwork, undecided } = branch.view.plan;
  const stepsOf = { keep, 'new-network': newNetwork, undecided };
  return ENDS.map((end) => ({ name: endChain(branch, end, isJumped), rules: rulesOf(stepsOf[end], branch, isJumped) }));
}

/** The rules of steps, up to the first that takes every packet. */
function rulesOf(steps: readonly Step[], branch: Branch, isJumped: boolean): readonly Rule[] {
  const rules = steps.flatMap((step) => followedRules(step, branch, isJumped));
  const last = rules.findIndex(
    ({ match, target }) => match.length === 0 && target.some((word) => !word.startsWith('-j PORTFENCE')),
  );
  return last < 0 ? rules : rules.slice(0, last + 1);
}

/** The names of the chains that packets can come to. */
function reachable(chains: readonly Chain[]): ReadonlySet<string> {
  const rules = new Map(chains.map((chain) => [chain.name, chain.rules]));
  const used = new Set<string>([ROOT]);
  for (const name of used) // A set gives what is added meanwhile, too.
    for (const { target } of rules.get(name) ?? [])
      for (const word of target) {
        const to = /^-[gj] (\S+)$/.exec(word)?.[1] ?? '';
        if (rules.has(to)) used.add(to);
      }
  return used;
}

/**
 * `isJumped`: where a jump is open, RETURN would come back to it. A packet that is left alone there was accepted by a rule of
 * another, so that accepting it says the same.
 */
function followedRules(step: Step, branch: Branch, isJumped: boolean): readonly Rule[] {
  const { then } = step;
  const { view, followed, mappings } = branch;
  switch (then.do) {
    case 'leave':
      return stepRules(step, view, [isJumped ? '-j ACCEPT' : '-j RETURN']);
    case 'enter':
      return stepRules(step, view, ['-j RETURN']);
    case 'follow':
      return stepRules(step, view, [
        `-g ${followed === undefined ? endChain(branch, 'undecided', false) : followedChain(branch, followed.start)}`,
      ]);
    case 'undecided':
    case 'new-network':
    case 'keep':
      return stepRules(step, view, [`-g ${endChain(branch, then.do, isJumped)}`]);
    case 'goto':
      return stepRules(step, view, [`-g ${followedChain(branch, then.chain)}`]);
    case 'jump':
      return stepRules(step, view, [`-j ${followedChain(branch, then.chain)}`]);
    case 'return':
      return stepRules(step, view, ['-j RETURN']);
    case 'map': {
      const index = mappings.findIndex((one) => key(one) === key(then));
      if (index < 0) return []; // The other family's own address.
      return stepRules(step, view, [`-g ${then.mark ? markChain(branch, index) : mappingChain(branch, then, index)}`]);
    }
  }
}

const key = ({ address, ports, mark }: Mapping): string => JSON.stringify([address, portsText(ports), mark ?? null]);

/** Each way of mapping once. */
function mappingsOf({ plan, family }: View): readonly Mapping[] {
  const steps = [
    ...ORIGINS.flatMap((origin) => plan.origins[origin]),
    ...plan.nat.chains.filter((chain) => chain.family === family).flatMap((chain) => chain.steps),
    ...plan.undecided,
    ...plan.newNetwork,
    ...plan.keep,
  ];
  const all = steps.flatMap(({ then }) =>
    then.do === 'map' && (then.address.mode !== 'fixed' || then.address.family === family) ? [then] : [],
  );
  return [...new Map(all.map((one) => [key(one), one])).values()];
}

/** An address does not fit into a chain's name; the first plain one of a kind is called after it. */
function mappingChain(branch: Branch, { address, mark }: Mapping, index: number): string {
  const first = branch.mappings.findIndex((one) => one.address.mode === address.mode && !one.mark);
  return address.mode !== 'fixed' && first === index && !mark
    ? branchChain(branch, 'map', address.mode)
    : branchChain(branch, 'map', index);
}

const markChain = (branch: Branch, index: number): string => branchChain(branch, 'mark', index);

/** `--set-xmark VALUE/MASK` makes the mark `(mark & ~MASK) ^ VALUE` (xt_MARK). */
function markChains(mapping: Mapping, index: number, branch: Branch): readonly Chain[] {
  const { mark } = mapping;
  if (!mark) return [];
  const hex = (number: number) => `0x${(number >>> 0).toString(16)}`;
  const comment = 'mark: as the rule of another changes it';
  return [
    {
      name: markChain(branch, index),
      rules: [
        { match: [], comment, target: [`-j MARK --set-xmark ${hex(mark.flip)}/${hex(~mark.keep)}`] },
        { match: [], comment: 'map: an allowed port', target: [`-g ${mappingChain(branch, mapping, index)}`] },
      ],
    },
  ];
}

/** A port that has to change is counted, as of the branch's origin. */
function countRules({ ports }: Mapping, { view: { plan, origin } }: Branch): readonly Rule[] {
  return outsideMatches(ports, plan.protocols).map((match) => ({
    match: matchWords(match),
    comment: 'count: a port that has to change',
    target: [`-j ${countChain(origin)}`],
  }));
}

/** One match a protocol where the ports are one range. */
function outsideMatches(ports: PortSet, protocols: readonly Protocol[]): Either {
  const [only, ...more] = ports;
  if (!only || more.length > 0) return portMatches('sport', complement(ports), protocols);
  return protocols.map((protocol) => ({ protocol, words: [`-m ${protocol} ! --sport ${only.from}:${only.to}`] }));
}

function counterRules(origin: Origin, { plan, family }: View): readonly Rule[] {
  return plan.protocols.map((protocol) => ({
    match: [`-p ${protocol}`],
    comment: `${counterName({ tally: 'confined', origin, family, protocol })} a port that has to change`,
    target: [],
  }));
}
