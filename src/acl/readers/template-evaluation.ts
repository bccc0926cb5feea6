import { scrub } from '../../scrub.ts';
import { isUnknown } from '../model.ts';
import type { Assignment, Variable } from '../worlds.ts';
import { type Element, field, type GivenValue, items, keysOf } from './element.ts';
import { aclFileError, shown } from './problem.ts';
import { conditionHolds } from './template-conditions.ts';
import { FUNCTIONS, functionOf, isText, open, type Read } from './template-functions.ts';
import { OTHER, type Parameter, type ParameterValues, parameterOf } from './template-parameters.ts';
import { comparedValues, keyOf } from './template-terms.ts';

/** A template in one of its possible worlds. */
export interface Evaluation {
  /** A property as far as it can be computed; references to resources become logical ids. */
  readonly read: Read;
  /** Whether a condition of this name holds. */
  holds(name: string): boolean;
  /** What was asked so far: conditions by name, and defaults that counted as values. */
  readonly conditions: Map<string, boolean>;
  readonly assumed: Set<string>;
}

const DEEPEST = 40;
/** Attributes that are a resource's own id. */
const ID_ATTRIBUTES = new Set(['Id', 'NetworkAclId', 'SubnetId', 'VpcId']);

/** What is the same in every world of a template. */
interface Scope {
  readonly given: ParameterValues;
  /** The element under these keys of the template. */
  top(...keys: readonly string[]): Element | undefined;
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** The plain values that conditions hold against each open term. */
  readonly compared: ReadonlyMap<string, ReadonlySet<string>>;
  readonly variables: ReadonlyMap<string, Variable>;
  variableFor(key: string, values: readonly string[]): Variable;
  /** What a reference without a value is; undefined where nothing hangs on it. */
  referenceVariable(name: string, values: readonly string[]): Variable | undefined;
}

/** One of its worlds. */
interface InWorld extends Scope {
  readonly world: Assignment;
  readonly conditions: Map<string, boolean>;
  readonly assumed: Set<string>;
  holds(name: string): boolean;
  read(element: GivenValue, depth?: number): GivenValue;
}

/**
 * Evaluates a template's functions and conditions in any world ("Intrinsic function reference", AWS CloudFormation Template
 * Reference). What stays open in conditions is a variable of the world.
 */
export function evaluatorOf(template: Element, given: ParameterValues): (world: Assignment) => Evaluation {
  const scope = scopeOf(template, given);
  return (world) => {
    const conditions = new Map<string, boolean>();
    const asked = new Set<string>();
    const within: InWorld = {
      ...{ ...scope, world, conditions, assumed: new Set() },
      read: (element, depth = 0) => readValue(within, element, depth),
      holds: (name) => {
        const known = conditions.get(name);
        if (known !== undefined) return known;
        if (asked.has(name)) throw aclFileError(template.place, `the condition ${name} refers to itself`, 'mend it');
        asked.add(name);
        const is = conditionHolds(within, name);
        conditions.set(name, is);
        return is;
      },
    };
    return within;
  };
}

function scopeOf(template: Element, given: ParameterValues): Scope {
  const compared = comparedValues(template);
  const variables = new Map<string, Variable>();
  const parameters = new Map<string, Parameter>();
  const scope: Scope = {
    ...{ given, parameters, compared, variables },
    top: (...keys) => keys.reduce<Element | undefined>((found, key) => found && field(found, key), template),
    variableFor: (key, values) => {
      const known = variables.get(key) ?? { name: scrub(key), values };
      variables.set(key, known);
      return known;
    },
    referenceVariable: (name, values) => {
      const key = keyOf({ Ref: name });
      const seen = [...(compared.get(key) ?? [])];
      if (values.length === 0 && seen.length === 0) return undefined;
      return scope.variableFor(key, values.length > 0 ? values : [...seen, OTHER]);
    },
  };
  const declared = scope.top('Parameters');
  for (const name of declared === undefined ? [] : keysOf(declared)) {
    const definition = scope.top('Parameters', name);
    const variable = (values: readonly string[]) => scope.referenceVariable(name, values);
    if (definition) parameters.set(name, parameterOf(name, definition, { given, variable }));
  }
  return scope;
}

/** An element as far as it can be computed: a plain value, or what its function gives. */
function readValue(within: InWorld, element: GivenValue, depth: number): GivenValue {
  if (element === undefined || isUnknown(element)) return element;
  const name = functionOf(element);
  if (name === undefined) return element;
  if (depth > DEEPEST) return open(`${name}, nested too deeply`);
  const argument = field(element, name);
  if (argument === undefined) return open(name);
  if (name === 'Ref') return isText(argument) ? reference(within, String(argument.value), element) : open('Ref');
  if (name === 'Fn::GetAtt') return attribute(within, argument.value, { at: element, depth });
  if (name === 'Fn::FindInMap') return mapped(within, argument, depth);
  if (name === 'Fn::If') {
    const [condition, yes, no] = Array.isArray(argument.value) ? items(argument) : [];
    if (!isText(condition)) return open('Fn::If');
    return within.read(within.holds(String(condition.value)) ? yes : no, depth + 1);
  }
  const lookup = (text: string, at: Element): GivenValue =>
    text.includes('.') ? attribute(within, text, { at, depth }) : reference(within, text, at);
  return FUNCTIONS[name]?.(argument, (one) => within.read(one, depth + 1), lookup) ?? open(name);
}

function reference(within: InWorld, name: string, at: Element): GivenValue {
  if (name === 'AWS::NoValue') return undefined;
  const parameter = within.parameters.get(name);
  if (parameter) {
    if (parameter.assumed !== undefined) within.assumed.add(parameter.assumed);
    return parameter.valueIn(within.world);
  }
  if (within.top('Resources', name) !== undefined) return { ...at, value: name };
  if (!name.startsWith('AWS::')) return open(`a reference to ${shown(name)}`);
  const own = within.given.values.get(name);
  if (own !== undefined) return { ...at, value: own };
  const variable = within.referenceVariable(name, []);
  const value = variable && within.world(variable);
  return value === undefined || value === OTHER ? open(name) : { ...at, value };
}

function attribute({ top, read }: InWorld, value: unknown, { at, depth }: { at: Element; depth: number }): GivenValue {
  const path: readonly unknown[] = typeof value === 'string' ? value.split('.') : Array.isArray(value) ? value : [];
  const [name, wanted] = [path[0], path.slice(1).join('.')];
  if (typeof name !== 'string') return open('Fn::GetAtt');
  const type = String(top('Resources', name, 'Type')?.value);
  if (type === 'AWS::EC2::VPC' || type === 'AWS::EC2::Subnet') {
    const six = top('Resources', name, 'Properties', 'Ipv6CidrBlock');
    if (wanted === 'Ipv6CidrBlocks' && six) return { ...at, value: [six.value] };
    if (wanted === 'CidrBlock' || wanted === 'AvailabilityZone')
      return read(top('Resources', name, 'Properties', wanted), depth + 1);
  }
  if (type === 'AWS::EC2::VPC' && wanted === 'DefaultNetworkAcl') return { ...at, value: `${name}.${wanted}` };
  if (ID_ATTRIBUTES.has(wanted) && type.startsWith('AWS::EC2::')) return { ...at, value: name };
  return open(`Fn::GetAtt ${shown(path.join('.'))}`);
}

function mapped({ top, read, variables }: InWorld, argument: Element, depth: number): GivenValue {
  const parts = Array.isArray(argument.value) ? items(argument).slice(0, 3) : [];
  const keys = parts.map((one) => read(one, depth + 1));
  const names = keys.flatMap((key) => (isText(key) ? [String(key.value)] : []));
  const outside = parts.some((part, i) => keys[i] && isUnknown(keys[i]) && variables.has(keyOf(part.value)));
  // A stack is not made with a value that is no key of the map.
  if (outside) throw aclFileError(argument.place, 'the value is no key of the map', 'check the values');
  if (parts.length < 3 || names.length < 3) return open('Fn::FindInMap', ...keys);
  const options = items(argument)[3];
  const found = top('Mappings', ...names) ?? (options && field(options, 'DefaultValue'));
  if (found) return read(found, depth + 1);
  throw aclFileError(argument.place, `there is no ${names.map(shown).join(', ')} in Mappings`, 'check the values');
}
