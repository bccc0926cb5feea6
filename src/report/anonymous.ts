import { readAddress } from '../addresses.ts';

/** Hands out one stand-in for each name and address, the same at each place. */
export interface Anonymizer {
  text(text: string): string;
  /** Every text in a JSON value, keys of objects apart. */
  value(value: unknown): unknown;
}

const WORD = /[0-9a-fA-F.:]{3,45}/g;
/** Addresses that mean the same on every host. */
const COMMON = new Set(['0.0.0.0', '127.0.0.1', '::', '::1', '255.255.255.255']);

/** An anonymizer for the addresses in a text and for the given names; longer names go first. */
export function anonymizer(names: readonly string[]): Anonymizer {
  const given = new Map<string, string>();
  const standIn = (kind: string, name: string): string => {
    const key = `${kind} ${name}`;
    const count = [...given.keys()].filter((one) => one.startsWith(`${kind} `)).length;
    if (!given.has(key)) given.set(key, `${kind}-${count + 1}`);
    return given.get(key) ?? '';
  };
  const known = [...new Set(names)].filter((name) => name.length > 1).sort((a, b) => b.length - a.length);
  const text = (words: string): string => {
    let result = words;
    for (const name of known) if (result.includes(name)) result = result.replaceAll(name, standIn('name', name));
    return result.replace(WORD, (word) => {
      const trimmed = word.replace(/[.:]+$/, '');
      const address = readAddress(trimmed) ?? readAddress(trimmed.replace(/:\d{1,5}$/, ''));
      if (address === undefined || COMMON.has(address)) return word;
      const rest = readAddress(trimmed) ? word.slice(trimmed.length) : word.slice(trimmed.lastIndexOf(':'));
      return `${standIn('address', address)}${rest}`;
    });
  };
  const value = (one: unknown): unknown => {
    if (typeof one === 'string') return text(one);
    if (Array.isArray(one)) return one.map(value);
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, inner]) => [key, value(inner)]));
  };
  return { text, value };
}
