import { type Element, field, isMapping, keysOf } from './element.ts';

/** What an open term of a template is told from others by. */
export const keyOf = (value: unknown): string => JSON.stringify(value) ?? '';

/** A known value as it is compared. */
export const plainText = (value: unknown): string =>
  isMapping(value) || Array.isArray(value) ? keyOf(value) : String(value);

/** The plain values that conditions hold against each open term, and the keys of maps that it chooses from. */
export function comparedValues(template: Element): ReadonlyMap<string, ReadonlySet<string>> {
  const values = new Map<string, Set<string>>();
  const add = (term: unknown, ...all: readonly string[]): void => {
    const known = values.get(keyOf(term)) ?? new Set();
    for (const one of all) known.add(one);
    values.set(keyOf(term), known);
  };
  const maps = field(template, 'Mappings');
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) for (const one of part) visit(one);
    if (!isMapping(part)) return;
    for (const [key, value] of Object.entries(part)) {
      const [first, second, third] = Array.isArray(value) ? value : [];
      if (key === 'Fn::Equals') {
        if (isMapping(first) && !isMapping(second) && !Array.isArray(second)) add(first, String(second));
        if (isMapping(second) && !isMapping(first) && !Array.isArray(first)) add(second, String(first));
      }
      if (key === 'Fn::FindInMap' && typeof first === 'string' && isMapping(second)) {
        const map = maps && field(maps, first);
        if (map && keysOf(map).length <= MOST_KEYS) add(second, ...keysOf(map));
      }
      if (key === 'Fn::FindInMap' && typeof first === 'string' && typeof second === 'string' && isMapping(third)) {
        const map = maps && field(maps, first);
        const row = map && field(map, second);
        if (row && keysOf(row).length <= MOST_KEYS) add(third, ...keysOf(row));
      }
      visit(value);
    }
  };
  visit(template.value);
  return values;
}

const MOST_KEYS = 64;
