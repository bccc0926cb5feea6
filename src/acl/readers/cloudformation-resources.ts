import type { Unjudged } from '../model.ts';
import { type Element, field, isMapping, keysOf, mapping, requiredText } from './element.ts';
import { aclFileError } from './problem.ts';
import type { Read } from './template-functions.ts';
import { unrolled } from './template-loops.ts';

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
export function resourcesOf(
  template: Element,
  read: Read,
): {
  /** The template with its loops written out. */
  readonly whole: Element;
  readonly resources: readonly Resource[];
  readonly unjudged: readonly Unjudged[];
} {
  const given = field(template, 'Resources');
  if (given === undefined) throw aclFileError(template.place, 'the template has no Resources', 'check the file name');
  const { section: all, left } = unrolled(mapping(given), read);
  const resources: Resource[] = [];
  const unjudged = [
    ...macros(template),
    ...left.map(({ name, element }) => ({
      ...{ reason: `the resources that ${name} makes are not known`, place: element.place, acl: undefined },
    })),
  ];
  for (const id of keysOf(all)) {
    const element = field(all, id);
    if (element === undefined) throw aclFileError(all.place, `the resource ${id} is empty`, 'remove it');
    resources.push(resourceOf(id, element));
  }
  const whole = isMapping(template.value) ? { ...template.value, Resources: all.value } : template.value;
  return { whole: { value: whole, place: template.place }, resources, unjudged };
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
