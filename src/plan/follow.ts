import { follow } from '../nat/follow.ts';
import { type BaseChain, type Condition as NatCondition, ruleName, type StandingNat } from '../nat/model.ts';
import type { Decision, NatProgram, ProgramRule } from '../nat/program.ts';
import { FAMILIES, type Family, intersect, type PortSet, type Protocol } from '../ports.ts';
import { PROTOCOL_NUMBER } from '../protocols.ts';
import { isInterfaceName } from './interface-name.ts';
import type {
  Condition,
  ExpressibleCondition,
  FollowedChain,
  FollowedNat,
  Outcome,
  Plan,
  Step,
  UnfollowedRule,
} from './plan.ts';
import { step } from './steps.ts';

/** What the rules of others are followed for. */
export interface FollowOptions {
  readonly families: readonly Family[];
  readonly protocols: readonly Protocol[];
  readonly ranges: PortSet;
  readonly uplinks: Plan['uplinks'];
}

/**
 * How many chains deep the rules of others may be: the kernel takes 16 in all (NFT_JUMP_STACK_SIZE), and the fence's own way
 * has ten with either backend, from the base chain to the counter of a network that is newer than the plan.
 */
const MOST_FOLLOWED_DEPTH = 5;

/** Where the fence asks among the nat chains at postrouting: before everybody's source NAT (srcnat is 100, dfw takes 95). */
export const CONFINE_PRIORITY = 50;

/** What people should know of the rules that can't be followed, one sentence each. */
export const unfollowedNotes = ({ unfollowed }: FollowedNat): readonly string[] =>
  unfollowed.map(({ rule, family }) => `not followed: what may meet this ${family} rule keeps its own NAT: ${rule}`);

/**
 * Turns the source NAT of others into chains of our own that decide the address as theirs do, with the ports of the policy.
 * What may meet a rule that can't be expressed leaves to its own NAT, and the rule is named.
 */
export function followNat(standing: StandingNat, options: FollowOptions): FollowedNat {
  const unfollowed: UnfollowedRule[] = [];
  const flows = {
    leavesBy: options.uplinks.mode === 'these' ? options.uplinks.names : undefined,
    protocols: options.protocols.map((protocol) => PROTOCOL_NUMBER[protocol]),
  };
  const programs = FAMILIES.filter((family) => options.families.includes(family)).flatMap((family) => {
    const asked = standing[family].filter(isAskedLater).map(withNamesThatRulesCanHold);
    const program = follow(asked, { ...flows, mostDepth: MOST_FOLLOWED_DEPTH });
    return keepsAll(program) ? [] : [{ family, program }];
  });
  return {
    starts: Object.fromEntries(programs.map(({ family, program }) => [family, chainName(family, program.start)])),
    chains: programs.flatMap(({ family, program }) => {
      const at = { family, ranges: options.ranges, unfollowed };
      return chainsOf(at, program);
    }),
    unfollowed,
  };
}

/** What comes before the fence has decided by then. */
const isAskedLater = ({ priority }: BaseChain): boolean => priority > CONFINE_PRIORITY;

/** A rule that names an interface as no rule of ours could is one that can't be followed: its name might end our rule. */
function withNamesThatRulesCanHold(base: BaseChain): BaseChain {
  const isPlain = (pattern: string): boolean => pattern === '*' || isInterfaceName(pattern.replace(/\*$/, ''));
  const safe = (condition: NatCondition): NatCondition =>
    (condition.test === 'arrived-on' || condition.test === 'leaves-by') && !condition.in.every(isPlain)
      ? { test: 'opaque', text: `an interface named ${condition.in.join(', ')}` }
      : condition;
  const chains = [...base.chains].map(
    ([name, rules]) => [name, rules.map((rule) => ({ ...rule, when: rule.when.map(safe) }))] as const,
  );
  return { ...base, chains: new Map(chains) };
}

interface Following {
  readonly family: Family;
  readonly ranges: PortSet;
  /** Grows as rules are met that can't be followed. */
  readonly unfollowed: UnfollowedRule[];
}

const chainName = (family: Family, name: string): string => `${family}_${name}`;

/** Whether nothing in it could give a flow another source. */
function keepsAll({ start, chains }: NatProgram): boolean {
  const [only, more] = chains.get(start) ?? [];
  return more === undefined && only?.verdict.do === 'decide' && only.verdict.decision.do === 'keep';
}

function chainsOf(at: Following, program: NatProgram): readonly FollowedChain[] {
  return [...program.chains].map(([name, rules]) => ({
    name: chainName(at.family, name),
    family: at.family,
    steps: inOneOrder(rules.map((rule) => stepOf(at, rule))).map((step, index) => numbered(step, at.family, index)),
  }));
}

/**
 * Rules that follow each other and end alike may stand in any order: an engine that starts again makes the same ones in
 * another, which is no other plan.
 */
function inOneOrder(steps: readonly Step[]): readonly Step[] {
  const runs: Step[][] = [];
  for (const step of steps) {
    const last = runs.at(-1);
    if (last?.[0] && step.when.length > 0 && endsAlike(last[0], step)) last.push(step);
    else runs.push([step]);
  }
  return runs.flatMap((run) => run.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)));
}

const endsAlike = (one: Step, other: Step): boolean =>
  (one.then.do === 'map' || one.then.do === 'undecided') &&
  one.when.length > 0 &&
  JSON.stringify(one.then) === JSON.stringify(other.then);

const numbered = (step: Step, family: Family, index: number): Step =>
  step.id === '' ? { ...step, id: `${family}-${index + 1}` } : step;

/** A program asks nothing else. */
const isExpressible = (condition: NatCondition): condition is ExpressibleCondition =>
  condition.test !== 'opaque' && (condition.test !== 'owner' || condition.is);

function stepOf(at: Following, { when, verdict, source }: ProgramRule): Step {
  const { family } = at;
  const conditions = when.flatMap((condition): Condition[] =>
    isExpressible(condition) ? [{ test: 'foreign', family, condition }] : [],
  );
  const then: Outcome =
    verdict.do === 'decide'
      ? outcomeOf(at, verdict.decision)
      : verdict.do === 'return'
        ? { do: 'return' }
        : { do: verdict.do, chain: chainName(family, verdict.to) };
  const rule = then.do === 'leave' ? then.rule : undefined;
  const id = rule === undefined ? '' : `unfollowed-${rule}`;
  if (source) return { ...step(id, conditions, then, ruleName(source)), rule: ruleName(source) };
  return step(id, conditions, then, then.do === 'undecided' ? 'no rule translates it' : 'goes on');
}

function outcomeOf(at: Following, decision: Decision): Outcome {
  switch (decision.do) {
    case 'keep':
      return { do: 'undecided' };
    case 'drop':
      return { do: 'leave', as: 'not-ours' };
    case 'unfollowed':
      return { do: 'leave', as: 'unfollowed', rule: numberFor(at, ruleName(decision.by)) };
    case 'masquerade':
      return { do: 'map', address: { mode: 'masquerade' }, ...shared(at, decision) };
    case 'snat': {
      const { addresses, persistent = false } = decision;
      if (!addresses) return { do: 'map', address: { mode: 'keep' }, ...shared(at, decision) };
      const address = { mode: 'fixed', family: at.family, ...addresses, persistent } as const;
      return { do: 'map', address, ...shared(at, decision) };
    }
  }
}

function shared({ ranges }: Following, decision: Decision & { readonly do: 'masquerade' | 'snat' }) {
  const { ports, mark } = decision;
  // The rule's own range as far as the policy allows it; the policy's where they have nothing in common.
  const both = ports ? intersect(ranges, [ports]) : ranges;
  return { ports: both.length > 0 ? both : ranges, ...(mark ? { mark } : {}) };
}

function numberFor({ unfollowed, family }: Following, rule: string): number {
  const known = unfollowed.find((one) => one.rule === rule && one.family === family);
  if (known) return known.number;
  unfollowed.push({ number: unfollowed.length + 1, family, rule });
  return unfollowed.length;
}
