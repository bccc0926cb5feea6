import { type Element, field, items } from './element.ts';
import type { Instance } from './terraform-document.ts';
import { callerOf, KEY, type TerraformIndex } from './terraform-index.ts';

/** What an expression of the configuration refers to; `certain` where it is all of these and nothing else. */
export interface Referred {
  readonly targets: readonly Target[];
  readonly certain: boolean;
}
interface Target {
  readonly instance: Instance;
  readonly attribute: string;
}

const NOTHING: Referred = { targets: [], certain: false };
const DEEPEST = 20;
const MOST_REFERENCES = 1000;
const RESOURCE = new RegExp(String.raw`^(data\.)?(aws_\w+)\.([\w-]+)(${KEY})?(?:\.(\w+))?$`);
const OUTPUT = new RegExp(String.raw`^module\.([\w-]+)(${KEY})?\.([\w-]+)$`);

/** The resources that an attribute refers to by the plan's configuration (Terraform, "JSON Output Format", expressions). */
export function referredBy(index: TerraformIndex, instance: Instance, attribute: string): Referred {
  const expressions = index.expressionsOf(instance);
  return follow(index, instance.module, expressions && field(expressions, attribute), 0);
}

function follow(index: TerraformIndex, module: string, expression: Element | undefined, depth: number): Referred {
  const references = expression && field(expression, 'references');
  const texts = items(references).map(({ value }) => String(value));
  if (texts.length === 0 || texts.length > MOST_REFERENCES || depth > DEEPEST) return NOTHING;
  // Each reference is followed by its own beginnings; the longest says it all.
  const longest = texts.filter(
    (one) => !texts.some((other) => other.startsWith(`${one}.`) || other.startsWith(`${one}[`)),
  );
  // A key chooses among instances; where there is one there is nothing to choose.
  const chosen = longest.filter((one) => !/^(?:count\.index|each\.key|each\.value)\b/.test(one));
  return together(chosen.map((one) => followOne(index, module, one, depth)));
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
  const children = index
    .calledFrom(module, called)
    .filter(
      (address) => key === undefined || address.endsWith(`.${called}${key}`) || address === `module.${called}${key}`,
    );
  const found = children.map((child) =>
    follow(index, child, within(index.moduleAt(child), 'outputs', output, 'expression'), depth + 1),
  );
  return { ...together(found), certain: found.length === 1 && together(found).certain };
}

function instancesAt(index: TerraformIndex, module: string, reference: string): Referred {
  const [, data, type, name, key, attribute = 'id'] = RESOURCE.exec(reference) ?? [];
  if (type === undefined || name === undefined) return NOTHING;
  if (attribute !== 'id' && attribute !== 'default_network_acl_id') return NOTHING;
  const all = index.instancesOf({ module, type, name, isData: data !== undefined });
  const wanted = key === undefined ? all : all.filter((one) => `[${JSON.stringify(one.index)}]` === key);
  return { targets: wanted.map((instance) => ({ instance, attribute })), certain: wanted.length === 1 };
}

function within(element: Element | undefined, ...keys: readonly string[]): Element | undefined {
  return keys.reduce((found, key) => found && field(found, key), element);
}
