import { fields } from '../../observe/untrusted.ts';
import { scrub } from '../../scrub.ts';

const DEEPEST = 8;

/** An element of an nft set as nft's own language writes it; anything unknown as its JSON. */
export function elementText(element: unknown, depth = 0): string {
  if (typeof element === 'string') return scrub(element);
  if (typeof element === 'number') return String(element);
  const { elem, prefix, range, concat } = fields(element);
  const part = (value: unknown) => elementText(value, depth + 1);
  if (depth < DEEPEST) {
    if (elem !== undefined) return part(fields(elem)['val']);
    if (prefix !== undefined) return `${part(fields(prefix)['addr'])}/${part(fields(prefix)['len'])}`;
    if (Array.isArray(range)) return range.map(part).join('-');
    if (Array.isArray(concat)) return concat.map(part).join(' . ');
  }
  return jsonText(element);
}

/** Any value as JSON, for a reader that meets what it does not know; a value too deep for that as `...`. */
export function jsonText(value: unknown): string {
  try {
    return scrub(JSON.stringify(value) ?? '');
  } catch {
    return '...';
  }
}
