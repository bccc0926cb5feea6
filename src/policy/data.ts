import type { PolicyPath } from './problem.ts';

/**
 * A policy as plain data. Numbers are whole, not negative and were written in plain digits; any other way to write a number
 * (`0x400`, `1e3`, `49152.0`) is kept as the text that it was, so that no value is changed before it is checked.
 */
export type Data = null | boolean | number | string | readonly Data[] | DataMap;
/** A mapping of the policy, keys as written. */
export interface DataMap {
  readonly [key: string]: Data;
}

/** A text or number of the policy, as text, and where it stands. */
export interface Entry {
  readonly path: PolicyPath;
  readonly text: string;
}

/** Whether the data is a mapping. */
export function isMap(data: Data | undefined): data is DataMap {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

/** Whether the data is a list. */
export function isList(data: Data | undefined): data is readonly Data[] {
  return Array.isArray(data);
}

/** The value at the path; undefined where there is none. */
export function valueAt(data: Data | undefined, path: PolicyPath): Data | undefined {
  let value = data;
  for (const step of path) {
    if (typeof step === 'number') value = isList(value) ? value[step] : undefined;
    else value = isMap(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}

/** The texts and numbers of the list at the path; what else stands there is left to the schema. */
export function listEntries(data: Data, path: PolicyPath): readonly Entry[] {
  const list = valueAt(data, path);
  return isList(list) ? list.flatMap((item, i) => scalarEntry(item, [...path, i])) : [];
}

/** As `listEntries`, but a single text or number counts as a list of one. */
export function entries(data: Data, path: PolicyPath): readonly Entry[] {
  return [...scalarEntry(valueAt(data, path), path), ...listEntries(data, path)];
}

function scalarEntry(value: Data | undefined, path: PolicyPath): readonly Entry[] {
  return typeof value === 'string' || typeof value === 'number' ? [{ path, text: String(value) }] : [];
}
