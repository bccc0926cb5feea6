import { type MarkStates, onInitialMark } from './marks.ts';
import type { Condition, InterfacePattern } from './model.ts';

/** What is certain of all flows that a program is made for; more certainty makes a smaller program. */
export interface FlowsAtHand {
  /** The interfaces that they leave by; any where it is missing. */
  readonly leavesBy?: readonly InterfacePattern[] | undefined;
  /** Their IP protocol numbers; any where it is missing. */
  readonly protocols?: readonly number[] | undefined;
}

/** What a program is to be like. */
export interface FollowOptions extends FlowsAtHand {
  /** The longest way in chains that it may have; nft takes 16 in all (NFT_JUMP_STACK_SIZE). Any where it is missing. */
  readonly mostDepth?: number | undefined;
}

/** The conditions that still have to be asked, or false where one of them never holds for these flows. */
export function openConditions(
  when: readonly Condition[],
  marks: MarkStates,
  flows: FlowsAtHand,
): readonly Condition[] | false {
  const open: Condition[] = [];
  const asksPort = when.some(({ test }) => test === 'source-port' || test === 'destination-port');
  for (const condition of when) {
    const answer = ask(condition, marks, flows);
    if (answer === false) return false;
    if (answer !== true) open.push(answer);
    // iptables asks for ports only in a rule that names the protocol.
    else if (asksPort && condition.test === 'protocol') open.push(condition);
  }
  return open;
}

function ask(condition: Condition, marks: MarkStates, flows: FlowsAtHand): Condition | boolean {
  switch (condition.test) {
    case 'mark':
      return onInitialMark(condition, marks);
    case 'protocol':
      return forAll(flows.protocols, (one) => condition.in.includes(one), condition);
    case 'leaves-by':
      return forAll(flows.leavesBy, (one) => covers(condition.in, one), condition);
    case 'source-port':
    case 'destination-port':
      return condition.in.length === 1 && condition.in[0]?.from === 0 && condition.in[0].to === 65_535
        ? condition.is
        : condition;
    default:
      return condition;
  }
}

function forAll<T>(
  all: readonly T[] | undefined,
  holds: (one: T) => boolean | undefined,
  condition: Condition & { readonly is: boolean },
): Condition | boolean {
  if (all === undefined || all.length === 0) return condition;
  const answers = new Set(all.map(holds));
  if (answers.size > 1 || answers.has(undefined)) return condition;
  return answers.has(condition.is);
}

/** Whether the patterns hold every interface that `name` stands for; undefined where they hold some of them. */
function covers(patterns: readonly InterfacePattern[], name: InterfacePattern): boolean | undefined {
  if (patterns.some((pattern) => matchesInterface(pattern, name))) return true;
  if (name.endsWith('*') && patterns.some((pattern) => matchesInterface(name, pattern))) return undefined;
  return false;
}

/** Whether the pattern holds the name; a name that is a pattern itself is held where all that it stands for is. */
export function matchesInterface(pattern: InterfacePattern, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
