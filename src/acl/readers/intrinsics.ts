import { scrub } from '../../scrub.ts';
import { isUnknown, type Unknown } from '../model.ts';
import { type Element, field, type Given, isMapping, keysOf } from './element.ts';
import { shown } from './problem.ts';

/** A property as far as the template alone tells it: references to resources become logical ids, what a stack decides is Unknown. */
export type Resolve = (element: Given) => Given;

const DEEPEST = 20;
/** Attributes that are a resource's own id. */
const ID_ATTRIBUTES = new Set(['Id', 'NetworkAclId', 'SubnetId', 'VpcId']);

/** How to read the properties of this template ("Intrinsic function reference", AWS CloudFormation User Guide). */
export function intrinsicsOf(template: Element): Resolve {
  const within = (element: Given, ...keys: readonly string[]): Element | undefined =>
    keys.reduce<Element | undefined>(
      (found, key) => (found === undefined ? undefined : field(found, key)),
      element === undefined || isUnknown(element) ? undefined : element,
    );
  const top = (...keys: readonly string[]) => within(template, ...keys);

  const reference = (name: string, element: Element): Given => {
    if (name === 'AWS::NoValue') return undefined;
    if (top('Resources', name) !== undefined) return { ...element, value: name };
    const parameter = top('Parameters', name);
    if (parameter === undefined) return unknown(name.startsWith('AWS::') ? `${name}` : `a reference to ${shown(name)}`);
    const byDefault = field(parameter, 'Default');
    const words = byDefault === undefined ? '' : `, whose default is ${shown(byDefault.value)}`;
    return unknown(`the parameter ${name}${words}`);
  };

  const attribute = (value: unknown, element: Element, depth: number): Given => {
    const path = typeof value === 'string' ? value.split('.') : Array.isArray(value) ? value : [];
    const [name, wanted] = [path[0], path.slice(1).join('.')];
    if (typeof name !== 'string') return unknown('Fn::GetAtt');
    const type = top('Resources', name, 'Type')?.value;
    if ((type === 'AWS::EC2::VPC' || type === 'AWS::EC2::Subnet') && wanted === 'CidrBlock')
      return read(top('Resources', name, 'Properties', 'CidrBlock'), depth + 1);
    if (type === 'AWS::EC2::VPC' && wanted === 'DefaultNetworkAcl')
      return { ...element, value: `${name}.DefaultNetworkAcl` };
    const isId = type !== undefined && ID_ATTRIBUTES.has(wanted) && String(type).startsWith('AWS::EC2::');
    return isId ? { ...element, value: name } : unknown(`Fn::GetAtt ${shown(path.join('.'))}`);
  };

  const substitution = (value: unknown, element: Element): Given => {
    if (typeof value !== 'string') return unknown('Fn::Sub');
    if (!value.includes('${')) return { ...element, value };
    const name = /^\$\{([\w:]+)\}$/.exec(value)?.[1];
    return name === undefined ? unknown(`Fn::Sub ${shown(value)}`) : reference(name, element);
  };

  const mapped = (value: unknown, depth: number): Given => {
    const keys = Array.isArray(value) ? value : [];
    const names = keys.map((key: unknown) => (typeof key === 'number' ? String(key) : key));
    const literal = names.filter((name): name is string => typeof name === 'string');
    const found = keys.length === 3 && literal.length === 3 ? top('Mappings', ...literal) : undefined;
    return found === undefined ? unknown('Fn::FindInMap') : read(found, depth + 1);
  };

  const read = (element: Given, depth = 0): Given => {
    if (element === undefined || isUnknown(element)) return element;
    const name = functionOf(element);
    if (name === undefined) return element;
    const { value } = element;
    const argument = isMapping(value) ? value[name] : undefined;
    if (depth > DEEPEST) return unknown(name);
    if (name === 'Ref') return typeof argument === 'string' ? reference(argument, element) : unknown('Ref');
    if (name === 'Fn::GetAtt') return attribute(argument, element, depth);
    if (name === 'Fn::Sub') return substitution(argument, element);
    if (name === 'Fn::FindInMap') return mapped(argument, depth);
    const [condition] = name === 'Fn::If' && Array.isArray(argument) ? argument : [];
    return unknown(condition === undefined ? name : `decided by the condition ${shown(condition)}`);
  };
  return (element) => read(element);
}

function functionOf(element: Element): string | undefined {
  const keys = keysOf(element);
  return keys.find((key) => key === 'Ref' || key.startsWith('Fn::') || (key === 'Condition' && keys.length === 1));
}

const unknown = (words: string): Unknown => ({ unknown: scrub(words) });
