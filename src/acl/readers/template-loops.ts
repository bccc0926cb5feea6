import { type Element, field, isMapping, items, keysOf } from './element.ts';
import { isText, type Read, textsOf } from './template-functions.ts';

const LOOP = /^Fn::ForEach::/;
const DEEPEST = 5;
const MOST = 10_000;
const LONGEST = 8 * 1024 * 1024;

/** A section of a template with its loops written out, and those that can't be. */
export interface Unrolled {
  readonly section: Element;
  readonly left: readonly { readonly name: string; readonly element: Element }[];
}

/**
 * Writes the loops of a section out ("Fn::ForEach", AWS CloudFormation Template Reference): each item stands for `${Identifier}`,
 * `&{Identifier}` and a Ref to the identifier.
 */
export function unrolled(section: Element, read: Read, depth = 0): Unrolled {
  if (!keysOf(section).some((key) => LOOP.test(key))) return { section, left: [] };
  const all: Record<string, unknown> = {};
  const left: { name: string; element: Element }[] = [];
  for (const key of keysOf(section)) {
    const element = field(section, key);
    if (element === undefined) continue;
    if (!LOOP.test(key)) {
      all[key] = element.value;
      continue;
    }
    const written = depth < DEEPEST ? writtenOut(element, read) : undefined;
    if (written === undefined) {
      left.push({ name: key, element });
      continue;
    }
    for (const value of written) {
      const inner = unrolled({ value, place: element.place }, read, depth + 1);
      left.push(...inner.left);
      if (isMapping(inner.section.value)) Object.assign(all, inner.section.value);
    }
    if (Object.keys(all).length > MOST) left.push({ name: key, element });
  }
  return { section: { value: all, place: section.place }, left };
}

/** The fragment once for each item; undefined where the items are not known. */
function writtenOut(loop: Element, read: Read): readonly unknown[] | undefined {
  const [identifier, collection, fragment] = Array.isArray(loop.value) ? items(loop) : [];
  if (!isText(identifier) || collection === undefined || fragment === undefined) return undefined;
  // Which branch counts hangs on conditions that may be open.
  if (JSON.stringify(collection.value).includes('"Fn::If"')) return undefined;
  const texts = textsOf(read(collection), read);
  if (!Array.isArray(texts) || texts.length > MOST) return undefined;
  const name = String(identifier.value);
  const text = JSON.stringify(fragment.value);
  if (text.length * texts.length > LONGEST) return undefined;
  return texts.map((item: string): unknown => {
    const inside = JSON.stringify(item).slice(1, -1);
    return JSON.parse(
      text
        .replaceAll(`{"Ref":${JSON.stringify(name)}}`, () => JSON.stringify(item))
        .replaceAll(`\${${name}}`, () => inside)
        // What has no letters and digits alone becomes fit for a logical id.
        .replaceAll(`&{${name}}`, () => inside.replace(/[^A-Za-z0-9]/g, '')),
    );
  });
}
