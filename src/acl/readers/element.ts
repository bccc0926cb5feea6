import type { SourcePlace, Unknown } from '../model.ts';
import { aclFileError, shown } from './problem.ts';

/** A value of a document, and where it stands. */
export interface Element {
  readonly value: unknown;
  readonly place: SourcePlace;
}

/** What a reader knows of a value: the value, why it can't be known, or that it is absent (null counts as absent). */
export type GivenValue = Element | Unknown | undefined;

/** The value under a key; undefined where it is absent or null, and for what is no mapping. */
export function field({ value, place }: Element, key: string): Element | undefined {
  if (!isMapping(value) || !Object.hasOwn(value, key)) return undefined;
  const found = value[key];
  return found === null || found === undefined ? undefined : { value: found, place: under(place, key) };
}

/** Keys of a mapping; none for anything else. */
export function keysOf({ value }: Element): readonly string[] {
  return isMapping(value) ? Object.keys(value) : [];
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The items of a list; none where it is absent. Throws ACL_FILE for anything else. */
export function items(element: Element | undefined): readonly Element[] {
  if (element === undefined) return [];
  const { value, place } = element;
  if (!Array.isArray(value)) throw aclFileError(place, `${shown(value)} stands where a list belongs`, REMEDY);
  return value.map((item: unknown, i) => ({
    value: item,
    place: { file: place.file, path: `${place.path}[${i}]` },
  }));
}

/** A text with something in it. Throws ACL_FILE where it is absent or something else. */
export function requiredText(element: Element, key: string): string {
  const found = optionalText(element, key);
  if (found !== undefined) return found;
  throw aclFileError(element.place, `${key} is missing`, REMEDY);
}

/** A text with something in it, or undefined where it is absent or empty. Throws ACL_FILE for anything else. */
export function optionalText(element: Element, key: string): string | undefined {
  const found = field(element, key);
  if (found === undefined || found.value === '') return undefined;
  if (typeof found.value === 'string') return found.value;
  throw aclFileError(found.place, `${shown(found.value)} stands where a text belongs`, REMEDY);
}

/** The mapping itself. Throws ACL_FILE for anything else. */
export function mapping(element: Element): Element {
  if (isMapping(element.value)) return element;
  throw aclFileError(element.place, `${shown(element.value)} stands where a mapping belongs`, REMEDY);
}

const PLAIN_KEY = /^[\w:-]+$/;

function under({ file, path }: SourcePlace, key: string): SourcePlace {
  if (!PLAIN_KEY.test(key)) return { file, path: `${path}[${shown(key)}]` };
  return { file, path: path === '' ? key : `${path}.${key}` };
}

const REMEDY = 'write the file anew with the program that made it, and leave it as it is';
