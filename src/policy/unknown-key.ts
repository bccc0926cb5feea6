import { error, type Finding } from './finding.ts';
import { nearest } from './nearest.ts';
import type { PolicyPath } from './problem.ts';
import { KEY_PATHS, keysAt } from './wording.ts';

/** What to say about a key that the mapping at `path` does not have: the key that was meant, its proper place, or all there are. */
export function unknownKey(path: PolicyPath, key: string): Finding {
  return { ...error([...path, key], 'unknown key', remedy(path, key)), atKey: true };
}

function remedy(path: PolicyPath, key: string): string {
  const keys = keysAt(path);
  const close = nearest(key, keys);
  if (close !== undefined) return `did you mean ${close}?`;
  const elsewhere = KEY_PATHS.find((known) => known.at(-1) === key);
  if (elsewhere) return elsewhere.length > 1 ? `write it under ${elsewhere[0]}` : 'write it at the top level';
  return `the keys here are ${keys.join(', ')}`;
}
