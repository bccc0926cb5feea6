import { type Element, field, items } from './element.ts';
import type { Instance } from './terraform-document.ts';
import { callerOf, KEY, type Referred, type TerraformIndex } from './terraform-index.ts';

const NOTHING: Referred = { targets: [], certain: false };
const DEEPEST = 20;
const MOST_REFERENCES = 200;
/** A resource with more instances is not told apart any more. */
const MOST_INSTANCES = 500;
const RESOURCE = new RegExp(String.raw`^(data\.)?(aws_\w+)\.([\w-]+)(${KEY})?(?:\.(\w+))?$`);
const OUTPUT = new RegExp(String.raw`^module\.([\w-]+)(${KEY})?\.([\w-]+)$`);

/** The resources that an attribute refers to by the plan's configuration (Terraform, "JSON Output Format", expressions). */
export function referredBy(index: TerraformIndex, instance: Instance, attribute: string): Referred {
  const { module, type, name, isData } = instance;
  // All instances of a resource in one module refer to the same.
  const key = `${module} ${isData} ${type}.${name}.${attribute}`;
  const known = index.referred.get(key);
  if (known !== undefined) return known;
  const expressions = index.expressionsOf(instance);
  const found = follow(index, module, expressions && field(expressions, attribute), 0);
  index.referred.set(key, found);
  return found;
}

function follow(index: TerraformIndex, module: string, expression: Element | undefined, depth: number): Referred {
  const references = expression && field(expression, 'references');
  const texts = items(references).map(({ value }) => String(value));
  if (texts.length === 0 || texts.length > MOST_REFERENCES || depth > DEEPEST) return NOTHING;
  if (!index.spend(texts.length)) return NOTHING;
  // Each reference is followed by its own beginnings; the longest says it all.
  const longest = texts.filter(
    (one) => !texts.some((other) => other.startsWith(`${one}.`) || other.startsWith(`${one}[`)),
  );
  // A key chooses among instances; where there is one there is nothing to choose.
  const chosen = longest.filter((one) => !/^(?:count\.index|each\.key)$/.test(one));
  const found = together(chosen.map((one) => followOne(index, module, one, depth)));
  const isChosen = chosen.length < longest.length && found.targets.length > 1;
  return isChosen ? { ...found, certain: false } : found;
}

function together(all: readonly Referred[]): Referred {
  return { targets: all.flatMap(({ targets }) => targets), certain: all.length > 0 && all.every((one) => one.certain) };
}

function followOne(index: TerraformIndex, module: string, reference: string, depth: number): Referred {
  const variable = /^var\.([\w-]+)$/.exec(reference)?.[1];
  if (variable !== undefined) {
    const { parent, name } = callerOf(module);
    const call = name === undefined ? undefined : within(index.moduleAt(parent), 'module_calls', name);
    return follow(index, parent, within(call, 'expressions', variable), depth + 1);
  }
  const [, called, key, output] = OUTPUT.exec(reference) ?? [];
  if (called === undefined || output === undefined) return instancesAt(index, module, reference);
  const all = index.calledFrom(module, called);
  const exact = `${module === '' ? '' : `${module}.`}module.${called}${key ?? ''}`;
  const children = key === undefined ? [...all] : all.has(exact) ? [exact] : [];
  if (children.length > MOST_INSTANCES) return NOTHING;
  const found = children.map((child) =>
    follow(index, child, within(index.moduleAt(child), 'outputs', output, 'expression'), depth + 1),
  );
  const { targets, certain } = together(found);
  return { targets, certain: certain && found.length === 1 };
}

function instancesAt(index: TerraformIndex, module: string, reference: string): Referred {
  const [, data, type, name, key, attribute = 'id'] = RESOURCE.exec(reference) ?? [];
  if (type === undefined || name === undefined) return NOTHING;
  if (attribute !== 'id' && attribute !== 'default_network_acl_id') return NOTHING;
  const all = index.instancesOf({ module, type, name, isData: data !== undefined });
  if (key === undefined && all.size > MOST_INSTANCES) return NOTHING;
  const one = key === undefined ? undefined : all.get(key);
  const wanted = key === undefined ? [...all.values()] : one === undefined ? [] : [one];
  return { targets: wanted.map((instance) => ({ instance, attribute })), certain: wanted.length === 1 };
}

function within(element: Element | undefined, ...keys: readonly string[]): Element | undefined {
  return keys.reduce((found, key) => found && field(found, key), element);
}
