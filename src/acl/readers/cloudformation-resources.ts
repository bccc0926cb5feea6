import type { Unjudged } from '../model.ts';
import { type Element, field, isMapping, keysOf, mapping, requiredText } from './element.ts';
import { aclFileError } from './problem.ts';

/** A resource of a template. */
export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly element: Element;
  /** Undefined where a macro makes them, so that nobody knows them. */
  readonly properties: Element | undefined;
  /** The name of the condition under which the resource exists. */
  readonly condition: string | undefined;
}

/** The resources that the template names itself, and those that only CloudFormation can make of it. Throws ACL_FILE. */
export function resourcesOf(template: Element): {
  readonly resources: readonly Resource[];
  readonly unjudged: readonly Unjudged[];
} {
  const all = field(template, 'Resources');
  if (all === undefined) throw aclFileError(template.place, 'the template has no Resources', 'check the file name');
  const resources: Resource[] = [];
  const unjudged = [...macros(template)];
  for (const id of keysOf(mapping(all))) {
    const element = field(all, id);
    if (element === undefined) throw aclFileError(all.place, `the resource ${id} is empty`, 'remove it');
    if (id.startsWith('Fn::'))
      unjudged.push({ reason: `the resources that ${id} makes are not known`, place: element.place, acl: undefined });
    else resources.push(resourceOf(id, element));
  }
  return { resources, unjudged };
}

function resourceOf(id: string, element: Element): Resource {
  const properties = field(mapping(element), 'Properties') ?? { value: {}, place: element.place };
  const isMade = !isMapping(properties.value) || keysOf(properties).some((key) => key.startsWith('Fn::'));
  const condition = field(element, 'Condition')?.value;
  return {
    id,
    type: requiredText(element, 'Type'),
    element,
    properties: isMade ? undefined : properties,
    condition: condition === undefined ? undefined : String(condition),
  };
}

/** Macros that leave network ACLs as they are. */
const HARMLESS = /^AWS::(?:Serverless|LanguageExtensions|SecretsManager|CodeDeployBlueGreen)\b/;

function macros(template: Element): readonly Unjudged[] {
  const transform = field(template, 'Transform');
  if (transform === undefined) return [];
  const names: readonly unknown[] = Array.isArray(transform.value) ? transform.value : [transform.value];
  return names.flatMap((name) => {
    if (typeof name === 'string' && HARMLESS.test(name)) return [];
    const words = typeof name === 'string' ? `the macro ${name}` : 'a macro';
    return [{ reason: `${words} may change the template before it is used`, place: transform.place, acl: undefined }];
  });
}
