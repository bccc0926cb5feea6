import { PortfenceError } from '../../errors.ts';
import { scrub } from '../../scrub.ts';
import type { Unknown } from '../model.ts';
import type { Assignment, Variable } from '../worlds.ts';
import { type Element, field, type GivenValue, isMapping, keysOf } from './element.ts';
import { shown } from './problem.ts';

/** Values that a person gives to parameters of templates. */
export interface ParameterValues {
  readonly values: ReadonlyMap<string, string>;
  /** Parameters that keep the value of the last deployment, which nobody here knows. */
  readonly previous: ReadonlySet<string>;
}

/** What a reference to a parameter gives. */
export interface Parameter {
  /** The value in a world, or why there is none. */
  valueIn(world: Assignment): GivenValue;
  /** `Name=default` where the default counts. */
  readonly assumed: string | undefined;
}

/** Any value that the template compares with nothing. */
export const OTHER = '\u0000other';
const MOST_VALUES = 64;
const LOOKED_UP = /^AWS::SSM::Parameter::Value</;
const LIST = /^(?:CommaDelimitedList|List<)/;

/** One parameter of a template. Throws USAGE where the value that is given to it can't be its value. */
export function parameterOf(
  name: string,
  definition: Element,
  { given, variable }: { given: ParameterValues; variable: (values: readonly string[]) => Variable | undefined },
): Parameter {
  const type = String(field(definition, 'Type')?.value ?? 'String');
  const own = given.values.get(name);
  const at = (value: unknown): Element => ({ value, place: definition.place });
  const valueFrom = (text: string): Element => at(LIST.test(type) ? text.split(',').map((one) => one.trim()) : text);
  if (LOOKED_UP.test(type)) {
    const key = own ?? field(definition, 'Default')?.value;
    const where = key === undefined ? '' : ` under ${shown(key)}`;
    return fixed(unknown(`the parameter ${name}, which is looked up in SSM${where}`));
  }
  if (own !== undefined) {
    assertFits(name, own, { definition, type });
    return fixed(valueFrom(own));
  }
  const byDefault = given.previous.has(name) ? undefined : field(definition, 'Default');
  if (byDefault !== undefined) {
    const text = textOf(byDefault.value);
    return { valueIn: () => valueFrom(text), assumed: scrub(`${name}=${text}`) };
  }
  const open = unknown(`the parameter ${name}`);
  const values = allowedOf(definition);
  const chosen = LIST.test(type) || values.length > MOST_VALUES ? undefined : variable(values);
  if (!chosen) return fixed(open);
  return {
    assumed: undefined,
    valueIn: (world) => {
      const value = world(chosen);
      return value === OTHER ? open : at(value);
    },
  };
}

const fixed = (value: GivenValue): Parameter => ({ valueIn: () => value, assumed: undefined });
const unknown = (words: string): Unknown => ({ unknown: scrub(words) });
export const textOf = (value: unknown): string => (Array.isArray(value) ? value.map(String).join(',') : String(value));

function allowedOf(definition: Element): readonly string[] {
  const allowed = field(definition, 'AllowedValues')?.value;
  return Array.isArray(allowed) ? [...new Set(allowed.filter((one) => !isMapping(one)).map(String))] : [];
}

function assertFits(name: string, text: string, { definition, type }: { definition: Element; type: string }): void {
  const refuse = (words: string, hint: string): never => {
    throw new PortfenceError('USAGE', `the parameter ${scrub(name)} can't be ${shown(text)}: ${scrub(words)}`, {
      hint: scrub(hint),
    });
  };
  const allowed = allowedOf(definition);
  if (allowed.length > 0 && !text.split(',').every((one) => allowed.includes(one.trim())))
    refuse('the template allows other values alone', `write one of ${allowed.slice(0, 12).join(', ')}`);
  const bound = (key: string): number | undefined => {
    const value = Number(field(definition, key)?.value);
    return Number.isFinite(value) ? value : undefined;
  };
  const [least, most] = [bound('MinValue') ?? -Infinity, bound('MaxValue') ?? Infinity];
  const numbers = type === 'Number' ? [text] : type === 'List<Number>' ? text.split(',') : [];
  for (const one of numbers) {
    if (!/^\s*[+-]?(?:\d+\.?\d*|\.\d+)\s*$/.test(one)) refuse('it takes a number', `write --parameter ${name}=NUMBER`);
    if (Number(one) < least) refuse(`it has to be at least ${least}`, `write a number from ${least} up`);
    if (Number(one) > most) refuse(`it has to be at most ${most}`, `write a number up to ${most}`);
  }
  const [shortest, longest] = [bound('MinLength') ?? 0, bound('MaxLength') ?? Infinity];
  if (text.length < shortest || text.length > longest)
    refuse(`it has ${text.length} characters`, `write ${shortest} to ${longest} characters`);
}

/** The names that a template declares. */
export function parameterNames(template: Element): readonly string[] {
  const all = field(template, 'Parameters');
  return all === undefined ? [] : keysOf(all);
}
