import { type Element, field, items, keysOf } from './element.ts';
import type { Instance, TerraformDocument } from './terraform-document.ts';

/** What an expression of the configuration refers to; `certain` where it is all of these and nothing else. */
export interface Referred {
  readonly targets: readonly Target[];
  readonly certain: boolean;
}
interface Target {
  readonly instance: Instance;
  readonly attribute: string;
}

/** A Terraform document's instances and configuration by what they are looked up by. */
export interface TerraformIndex {
  readonly document: TerraformDocument;
  /** By their key as an address holds it; empty for the one instance without a key. */
  instancesOf(resource: ResourceName): ReadonlyMap<string, Instance>;
  /** What the configuration says of a resource's attributes; undefined in a state. */
  expressionsOf(resource: ResourceName): Element | undefined;
  /** The configuration of a module, by the address of an instance of it. */
  moduleAt(module: string): Element | undefined;
  /** The addresses of the instances of the module that another one calls by that name. */
  calledFrom(module: string, name: string): ReadonlySet<string>;
  /** What references were followed to already, by whose they are. */
  readonly referred: Map<string, Referred>;
  /** False once so many references have been followed that the document must be a trap. */
  spend(references: number): boolean;
}
type ResourceName = Pick<Instance, 'module' | 'type' | 'name' | 'isData'>;

/** The key of an instance, as addresses hold it. */
export const KEY = String.raw`\[(?:\d+|"(?:[^"\\]|\\.)*")\]`;
const MOST_FOLLOWED = 300_000;
const STEP = new RegExp(String.raw`module\.([\w-]+)(?:${KEY})?(?=\.|$)`, 'g');

export function indexOf(document: TerraformDocument): TerraformIndex {
  const instances = new Map<string, Map<string, Instance>>();
  const called = new Map<string, Set<string>>();
  for (const instance of document.instances) {
    const key = instance.index === undefined ? '' : `[${JSON.stringify(instance.index)}]`;
    addTo(instances, nameOf(instance), () => new Map<string, Instance>()).set(key, instance);
    for (const { parent, name, address } of stepsOf(instance.module))
      addTo(called, `${parent} ${name}`, () => new Set<string>()).add(address);
  }
  const modules = new Map<string, Element>();
  const expressions = new Map<string, Element>();
  const root = document.configuration && field(document.configuration, 'root_module');
  if (root !== undefined) addModule(root, '', { modules, expressions });
  let left = MOST_FOLLOWED;
  return {
    document,
    referred: new Map(),
    spend: (references) => {
      left -= references;
      return left >= 0;
    },
    instancesOf: (resource) => instances.get(nameOf(resource)) ?? new Map(),
    expressionsOf: (resource) => expressions.get(nameOf({ ...resource, module: pathOf(resource.module) })),
    moduleAt: (module) => modules.get(pathOf(module)),
    calledFrom: (module, name) => called.get(`${module} ${name}`) ?? new Set(),
  };
}

/** The module that a module's address is called from, and by which name; no name for the root. */
export function callerOf(module: string): { readonly parent: string; readonly name: string | undefined } {
  return stepsOf(module).at(-1) ?? { parent: '', name: undefined };
}

function stepsOf(module: string): readonly { parent: string; name: string; address: string }[] {
  return [...module.matchAll(STEP)].map(({ 0: step, 1: name = '', index }) => ({
    parent: module.slice(0, Math.max(0, index - 1)),
    name,
    address: module.slice(0, index + step.length),
  }));
}

/** A module's address without the keys of its instances. */
function pathOf(module: string): string {
  return stepsOf(module)
    .map(({ name }) => `module.${name}`)
    .join('.');
}

function nameOf({ module, type, name, isData }: ResourceName): string {
  return `${module} ${isData ? 'data.' : ''}${type}.${name}`;
}

function addModule(
  module: Element,
  path: string,
  into: { modules: Map<string, Element>; expressions: Map<string, Element> },
): void {
  into.modules.set(path, module);
  for (const resource of items(field(module, 'resources'))) {
    const [type, name] = [field(resource, 'type')?.value, field(resource, 'name')?.value];
    const isData = field(resource, 'mode')?.value === 'data';
    const expressions = field(resource, 'expressions');
    if (expressions !== undefined && typeof type === 'string' && typeof name === 'string')
      into.expressions.set(nameOf({ module: path, type, name, isData }), expressions);
  }
  const calls = field(module, 'module_calls');
  for (const name of calls === undefined ? [] : keysOf(calls)) {
    const called = calls && field(calls, name);
    const child = called && field(called, 'module');
    if (child !== undefined) addModule(child, `${path === '' ? '' : `${path}.`}module.${name}`, into);
  }
}

function addTo<T>(map: Map<string, T>, key: string, make: () => T): T {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
}
