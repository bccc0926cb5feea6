import { isUnknown } from '../model.ts';
import type { Assignment, Variable } from '../worlds.ts';
import { type Element, field, type GivenValue, items } from './element.ts';
import { aclFileError } from './problem.ts';
import { functionOf, isText } from './template-functions.ts';
import { OTHER } from './template-parameters.ts';
import { keyOf, plainText } from './template-terms.ts';

/** What conditions need of a template in one of its worlds. */
export interface ConditionScope {
  top(...keys: readonly string[]): Element | undefined;
  readonly world: Assignment;
  readonly compared: ReadonlyMap<string, ReadonlySet<string>>;
  variableFor(key: string, values: readonly string[]): Variable;
  readonly conditions: ReadonlyMap<string, boolean>;
  holds(name: string): boolean;
  read(element: GivenValue): GivenValue;
}

const DEEPEST = 40;
const TRUTH = ['true', 'false'];

/** Whether a condition holds in the world; one that the template lacks may or may not. Throws ACL_FILE for one that is too deep. */
export function conditionHolds(scope: ConditionScope, name: string): boolean {
  const condition = scope.top('Conditions', name);
  return condition === undefined ? isTrue(scope, `condition ${name}`) : truth(scope, condition, 0);
}

const isTrue = ({ world, variableFor }: ConditionScope, key: string): boolean =>
  world(variableFor(key, TRUTH)) === 'true';

function truth(scope: ConditionScope, element: Element, depth: number): boolean {
  const name = functionOf(element);
  const argument = name === undefined ? undefined : field(element, name);
  if (depth > DEEPEST) throw aclFileError(element.place, 'a condition is nested too deeply', 'write it plainer');
  const parts = Array.isArray(argument?.value) ? items(argument) : [];
  const inner = (one: Element): boolean => truth(scope, one, depth + 1);
  if (name === 'Fn::And') return parts.every(inner);
  if (name === 'Fn::Or') return parts.some(inner);
  if (name === 'Fn::Not') return !parts.every(inner);
  if (name === 'Condition' && isText(argument)) return scope.holds(String(argument.value));
  if (name === 'Fn::Equals') return equal(scope, parts);
  if (element.value === true || element.value === 'true') return true;
  if (element.value === false || element.value === 'false') return false;
  return isTrue(scope, keyOf(element.value));
}

function equal(scope: ConditionScope, [first, second]: readonly Element[]): boolean {
  const [a, b] = [scope.read(first), scope.read(second)];
  if (a && b && !isUnknown(a) && !isUnknown(b)) return plainText(a.value) === plainText(b.value);
  const [left, right] = [settled(scope, first), settled(scope, second)];
  for (const [known, other] of [
    [a, right],
    [b, left],
  ] as const) {
    const values = isText(known) ? scope.compared.get(other) : undefined;
    if (isText(known) && values?.has(String(known.value)))
      return scope.world(scope.variableFor(other, [...values, OTHER])) === String(known.value);
  }
  const sides = [isText(a) ? plainText(a.value) : left, isText(b) ? plainText(b.value) : right].sort();
  return isTrue(scope, sides.join(' = '));
}

/** What an open term is told from others by: without the Fn::If around it, and with the conditions inside it. */
function settled(scope: ConditionScope, element: Element | undefined): string {
  const [condition, yes, no] = element && functionOf(element) === 'Fn::If' ? items(field(element, 'Fn::If')) : [];
  if (isText(condition)) return settled(scope, scope.holds(String(condition.value)) ? yes : no);
  const key = keyOf(element?.value);
  return key.includes('"Fn::If"') ? `${key} ${JSON.stringify([...scope.conditions])}` : key;
}
