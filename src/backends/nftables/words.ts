import { type PortSet, rangeText } from '../../ports.ts';

/** More than so many intervals are looked up in a set after all. */
const MOST_IN_TURN = 16;

const isInterval = (word: string): boolean => /[-/]/.test(word);

/**
 * Whether a key is one of the words, or none of them: texts any of which will do. Intervals (`49152-61000`, `10.0.0.0/8`) are
 * asked one after the other: a new set that holds intervals is empty for a moment, from the new rules to the end of their commit
 * (nft_set_commit_update), and every packet of that moment would miss it.
 */
export function oneOfTexts(key: string, is: boolean, words: readonly string[]): readonly string[] {
  const inTurn = words.length === 1 || (words.some(isInterval) && words.length <= MOST_IN_TURN);
  if (!inTurn) return [`${key} ${is ? '' : '!= '}${listExpression(words)}`];
  return is ? words.map((word) => `${key} ${word}`) : [words.map((word) => `${key} != ${word}`).join(' ')];
}

/** The same for ports. */
export const portsTexts = (key: string, is: boolean, ports: PortSet): readonly string[] =>
  oneOfTexts(
    key,
    is,
    ports.map((range) => rangeText(range)),
  );

export function listExpression(words: readonly string[]): string {
  return words.length === 1 ? String(words[0]) : `{ ${words.join(', ')} }`;
}

export const NETWORK = { ipv4: 'ip', ipv6: 'ip6' } as const;

const quoted = (names: readonly string[]): readonly string[] => names.map((name) => `"${name}"`);

/** Whole names in one anonymous set, each wildcard by itself. */
export function interfaceTexts(key: 'iifname' | 'oifname', names: readonly string[]): readonly string[] {
  const whole = quoted(names.filter((name) => !name.endsWith('*')));
  const wildcards = quoted(names.filter((name) => name.endsWith('*')));
  return [...(whole.length > 0 ? [listExpression(whole)] : []), ...wildcards].map((words) => `${key} ${words}`);
}

/** None of the names: one question after the other. */
export function exceptInterfaces(key: 'iifname' | 'oifname', names: readonly string[]): string {
  const whole = quoted(names.filter((name) => !name.endsWith('*')));
  const wildcards = quoted(names.filter((name) => name.endsWith('*')));
  return [...(whole.length > 0 ? [listExpression(whole)] : []), ...wildcards]
    .map((words) => `${key} != ${words}`)
    .join(' ');
}
