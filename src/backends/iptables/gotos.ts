import type { Condition, FollowedChain, Outcome, Step } from '../../plan/plan.ts';
import { step } from '../../plan/steps.ts';

/** A chain in which RETURN leaves a packet to the rules of others, or (`isJumped`) comes back to the chain that jumped to it. */
export interface GotoChain {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly isJumped: boolean;
}

export interface GotoChains {
  readonly start: string;
  readonly chains: readonly GotoChain[];
  /** Whether the rules are too entangled for iptables, so that every flow of the family keeps its own NAT. */
  readonly isGivenUp: boolean;
}

/** More chains than these are not worth their cost, and deeper ones are refused: everything is left to its own NAT then. */
const MOST_CHAINS = 2_000;
/** How many levels the followed chains may have: the kernel takes 16 (NFT_JUMP_STACK_SIZE), the fence's own way has 11. */
const MOST_LEVELS = 5;

/**
 * The chains of one family for iptables, where RETURN is how our rules leave a packet to the rules of others, and only does so
 * where no jump is open. A jump to what may leave a packet to its own NAT becomes a goto to a copy of the callee that knows where
 * to go on; other jumps stay, since each goto takes one of the 16 levels that the kernel has. A step that asks more than one
 * rule can say ("none of these interfaces") becomes a chain of its own.
 */
export function withoutJumps(chains: readonly FollowedChain[], start: string): GotoChains {
  const build: Build = { chains, made: new Map(), names: new Map(), jumped: new Set(), leaves: new Map() };
  const name = chainFor(build, { chain: start, at: 0, end: undefined, isJumped: false });
  if (build.made.size > MOST_CHAINS || levels(build.made, name) > MOST_LEVELS) {
    const leave = step('unfollowed', [], { do: 'leave', as: 'unfollowed' }, 'too many ways to follow');
    return { start: name, chains: [{ name, steps: [leave], isJumped: false }], isGivenUp: true };
  }
  const all = [...build.made].map(([own, steps]) => ({ name: own, steps, isJumped: build.jumped.has(own) }));
  return { start: name, chains: all, isGivenUp: false };
}

/** The longest way through the chains. */
function levels(made: ReadonlyMap<string, readonly Step[]>, name: string, known = new Map<string, number>()): number {
  const before = known.get(name);
  if (before !== undefined) return before;
  known.set(name, 0);
  const inside = (made.get(name) ?? []).map(({ then }) =>
    then.do === 'jump' || then.do === 'goto' ? levels(made, then.chain, known) : 0,
  );
  const own = 1 + Math.max(0, ...inside);
  known.set(name, own);
  return own;
}

interface Build {
  readonly chains: readonly FollowedChain[];
  readonly made: Map<string, readonly Step[]>;
  readonly names: Map<string, string>;
  /** Those of the made chains that are jumped to. */
  readonly jumped: Set<string>;
  /** Which of the given chains may leave a packet to its own NAT. */
  readonly leaves: Map<string, boolean>;
}

/** The rest of a chain from one step on; `end` is where its end and its returns go. */
interface Place {
  readonly chain: string;
  readonly at: number;
  readonly end: string | undefined;
  readonly isJumped: boolean;
}

function chainFor(build: Build, place: Place): string {
  const key = JSON.stringify(place);
  const known = build.names.get(key);
  if (known !== undefined) return known;
  const name = newName(build, { key, isJumped: place.isJumped });
  build.made.set(name, []); // Its place in the order: before those that it goes to.
  if (build.made.size <= MOST_CHAINS) build.made.set(name, stepsFrom(build, place));
  return name;
}

function newName(
  { names, jumped }: Build,
  { key = `gate ${names.size}`, isJumped }: { readonly key?: string; readonly isJumped: boolean },
): string {
  const name = `nat_${names.size}`;
  names.set(key, name);
  if (isJumped) jumped.add(name);
  return name;
}

/** Whether the chain, or one that it leads to, leaves packets to their own NAT. */
function mayLeave(build: Build, chain: string): boolean {
  const known = build.leaves.get(chain);
  if (known !== undefined) return known;
  build.leaves.set(chain, false); // Chains that call each other in a circle are in no kernel.
  const steps = build.chains.find(({ name }) => name === chain)?.steps ?? [];
  const may = steps.some(
    ({ then }) => then.do === 'leave' || ((then.do === 'jump' || then.do === 'goto') && mayLeave(build, then.chain)),
  );
  build.leaves.set(chain, may);
  return may;
}

function stepsFrom(build: Build, place: Place): readonly Step[] {
  const { chain, at, end, isJumped } = place;
  const all = build.chains.find(({ name }) => name === chain)?.steps ?? [];
  const steps: Step[] = [];
  for (let index = at; index < all.length; index += 1) {
    const one = all[index];
    if (!one) break;
    const rest = (): string => chainFor(build, { ...place, at: index + 1 });
    const then = outcome(build, one.then, { ...place, rest });
    const gates = gatesOf(one.when);
    if (gates.length > 0) {
      const after = rest();
      return [
        ...steps,
        goesTo(gated(build, { ...one, then }, { gates, after, isJumped }), 'asks more than one rule can say'),
      ];
    }
    steps.push({ ...one, then });
    if (one.when.length === 0 && then.do !== 'jump') return steps;
    if (one.then.do === 'jump' && then.do === 'goto') return [...steps, goesTo(rest(), 'goes on')];
  }
  return end === undefined ? steps : [...steps, goesTo(end, 'goes on')];
}

function outcome(
  build: Build,
  then: Outcome,
  { end, isJumped, rest }: Pick<Place, 'end' | 'isJumped'> & { readonly rest: () => string },
): Outcome {
  switch (then.do) {
    case 'jump':
      return mayLeave(build, then.chain)
        ? { do: 'goto', chain: chainFor(build, { chain: then.chain, at: 0, end: rest(), isJumped }) }
        : { do: 'jump', chain: chainFor(build, { chain: then.chain, at: 0, end: undefined, isJumped: true }) };
    case 'goto':
      return { do: 'goto', chain: chainFor(build, { chain: then.chain, at: 0, end, isJumped }) };
    case 'return':
      if (isJumped) return then;
      return end === undefined ? { do: 'undecided' } : { do: 'goto', chain: end };
    default:
      return then;
  }
}

const goesTo = (chain: string, why: string): Step => step('on', [], { do: 'goto', chain }, why);

/** The conditions that can't stand in one rule with those before them. */
function gatesOf(when: readonly Condition[]): readonly Condition[] {
  const asked = new Set<string>();
  return when.filter((condition) => {
    if (condition.test !== 'foreign') return false;
    const { test } = condition.condition;
    if (isNoneOfSeveral(condition)) return true;
    const isSecond = ONCE.has(test) && asked.has(test);
    asked.add(test);
    return isSecond;
  });
}

/** What a rule asks once, and has no other words for: `-i` and `-o`. */
const ONCE: ReadonlySet<string> = new Set(['arrived-on', 'leaves-by']);

function isNoneOfSeveral(condition: Condition): boolean {
  if (condition.test !== 'foreign' || condition.condition.is) return false;
  const { condition: asked } = condition;
  return (asked.test === 'arrived-on' || asked.test === 'leaves-by') && asked.in.length > 1;
}

/** A chain that asks the first gate, then the rest of the step, and goes on behind it where one of them fails. */
function gated(
  build: Build,
  one: Step,
  {
    gates,
    after,
    isJumped,
  }: { readonly gates: readonly Condition[]; readonly after: string; readonly isJumped: boolean },
): string {
  const [gate, ...more] = gates;
  const rest = { ...one, when: one.when.filter((condition) => condition !== gate) };
  const last = goesTo(after, 'goes on');
  const asks = more.length > 0 ? goesTo(gated(build, rest, { gates: more, after, isJumped }), 'asks on') : rest;
  const name = newName(build, { isJumped });
  if (gate?.test === 'foreign' && isNoneOfSeveral(gate)) {
    const any: Condition = { ...gate, condition: { ...gate.condition, is: true } };
    build.made.set(name, [step('on', [any], { do: 'goto', chain: after }, 'goes on'), asks, last]);
    return name;
  }
  const inner = newName(build, { isJumped });
  build.made.set(inner, [asks, last]);
  build.made.set(name, [step('on', gate ? [gate] : [], { do: 'goto', chain: inner }, 'asks on'), last]);
  return name;
}
