import { isMapping } from './element.ts';

/** The names that a part of a template refers to, with and without their attributes, in `Ref`, `Fn::GetAtt` and `Fn::Sub`. */
export function mentioned(value: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (name: unknown): void => {
    if (typeof name !== 'string') return;
    names.add(name).add(name.split('.', 1)[0] ?? '');
  };
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) for (const one of part) visit(one);
    if (!isMapping(part)) return;
    for (const [key, one] of Object.entries(part)) {
      if (key === 'Ref') add(one);
      if (key === 'Fn::GetAtt') add(Array.isArray(one) ? one.slice(0, 2).join('.') : one);
      if (key === 'Fn::Sub') for (const [, name] of templateOf(one).matchAll(/\$\{([\w.:]+)\}/g)) add(name);
      visit(one);
    }
  };
  visit(value);
  return names;
}

function templateOf(substitution: unknown): string {
  const text: unknown = Array.isArray(substitution) ? substitution[0] : substitution;
  return typeof text === 'string' ? text : '';
}
