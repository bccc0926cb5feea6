import type { PortRange } from '../ports.ts';
import { matchesInterface } from './known-answers.ts';
import type { AddressSpan, Condition, InterfacePattern } from './model.ts';
import type { ProgramRule } from './program.ts';
import { spanNumbers } from './spans.ts';

type Rules = readonly ProgramRule[];

/** Each question is held against all that is known, so that more would cost more than it saves. */
const MOST_KNOWN = 8;

/**
 * The rules of a chain where the conditions are known to hold: without what they answer, and without rules that they rule out. What a
 * rule did not match is known to those after it. `called` is told what is known where a chain is called.
 */
export function givenThat(
  conditions: readonly Condition[],
  rules: Rules,
  called: (to: string, known: readonly Condition[]) => void = () => {},
): Rules {
  const known = [...conditions];
  const most = known.length + MOST_KNOWN;
  const open: ProgramRule[] = [];
  for (const rule of rules) {
    const when = openGiven(known, rule.when);
    if (when === false) continue;
    open.push({ ...rule, when });
    const { verdict } = rule;
    if (verdict.do === 'jump' || verdict.do === 'goto') called(verdict.to, [...known, ...when]);
    const [only, more] = when;
    if (only === undefined && verdict.do !== 'jump') break;
    if (only === undefined || more !== undefined || only.test === 'opaque') continue;
    if (verdict.do !== 'jump' && known.length < most) {
      known.push({ ...only, is: !only.is });
    }
  }
  return open;
}

/** Both lists of conditions as one, without those of the first that the second answers. */
export function conjoin(first: readonly Condition[], second: readonly Condition[]): readonly Condition[] {
  const asksPort = first.some(({ test }) => test === 'source-port' || test === 'destination-port');
  const open = first.filter(
    (condition) => answerGiven(condition, second) !== true || (asksPort && condition.test === 'protocol'),
  );
  return [...open, ...second];
}

function openGiven(known: readonly Condition[], when: readonly Condition[]): readonly Condition[] | false {
  const open: Condition[] = [];
  const asksPort = when.some(({ test }) => test === 'source-port' || test === 'destination-port');
  for (const condition of when) {
    const answer = answerGiven(condition, known);
    if (answer === false) return false;
    // iptables asks for ports only in a rule that names the protocol.
    if (answer === undefined || (asksPort && condition.test === 'protocol')) open.push(condition);
  }
  return open;
}

/** How the values of two conditions on the same thing lie to each other. */
interface Relation {
  /** Whether all values of the first are values of the second. */
  readonly within: boolean;
  readonly apart: boolean;
}

/**
 * The answer to a question where others are known to hold: true, false, or undefined where they leave it open. Never wrong, and
 * never clever: it looks at one known condition at a time.
 */
export function answerGiven(question: Condition, known: readonly Condition[]): boolean | undefined {
  for (const one of known) {
    const answer = answerBy(question, one);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

function answerBy(question: Condition, known: Condition): boolean | undefined {
  if (question.test === 'opaque' || known.test === 'opaque' || aboutOf(question) !== aboutOf(known)) return undefined;
  if (known.is) {
    const { within, apart } = relate(known, question);
    if (within) return question.is;
    // A flow can be new and have a mapping at the same time.
    return apart && question.test !== 'state' ? !question.is : undefined;
  }
  return relate(question, known).within ? !question.is : undefined;
}

/** What a condition asks about; conditions on the same thing can be compared. */
function aboutOf(condition: Condition): string {
  const { test } = condition;
  if (test === 'mark') return `${test} ${condition.of} ${condition.mask}`;
  if (test === 'owner') return `${test} ${condition.of}`;
  return test === 'address-type' ? `${test} ${condition.of} ${condition.limit ?? ''}` : test;
}

function relate(first: Condition, second: Condition): Relation {
  const [a, b] = [valuesOf(first), valuesOf(second)];
  switch (first.test) {
    case 'source':
    case 'destination':
      return relateBy(a as readonly AddressSpan[], b as readonly AddressSpan[], { holds: spanHolds, meets: spansMeet });
    case 'owner':
    case 'source-port':
    case 'destination-port':
      return relateBy(a as readonly PortRange[], b as readonly PortRange[], { holds: rangeHolds, meets: rangesMeet });
    case 'arrived-on':
    case 'leaves-by':
      return relateBy(a as readonly InterfacePattern[], b as readonly InterfacePattern[], {
        holds: matchesInterface,
        meets: (x, y) => matchesInterface(x, y) || matchesInterface(y, x),
      });
    default:
      return relateBy(a, b, { holds: Object.is, meets: Object.is });
  }
}

function valuesOf(condition: Condition): readonly unknown[] {
  if (condition.test === 'opaque') return [];
  if (condition.test === 'ipsec' || condition.test === 'made-here') return [true];
  return condition.test === 'mark' ? condition.values : condition.in;
}

interface Comparison<T> {
  /** Whether the first value holds the second wholly. */
  readonly holds: (outer: T, inner: T) => boolean;
  readonly meets: (one: T, other: T) => boolean;
}

function relateBy<T>(a: readonly T[], b: readonly T[], { holds, meets }: Comparison<T>): Relation {
  return {
    within: a.every((inner) => b.some((outer) => holds(outer, inner))),
    apart: !a.some((one) => b.some((other) => meets(one, other))),
  };
}

function spanHolds(outer: AddressSpan, inner: AddressSpan): boolean {
  const [o, i] = [spanNumbers(outer), spanNumbers(inner)];
  return o.from <= i.from && i.to <= o.to;
}

function spansMeet(one: AddressSpan, other: AddressSpan): boolean {
  const [a, b] = [spanNumbers(one), spanNumbers(other)];
  return a.from <= b.to && b.from <= a.to;
}

const rangeHolds = (outer: PortRange, inner: PortRange): boolean => outer.from <= inner.from && inner.to <= outer.to;
const rangesMeet = (a: PortRange, b: PortRange): boolean => a.from <= b.to && b.from <= a.to;
