import { readAddress } from '../../src/addresses.ts';
import type { Family } from '../../src/ports.ts';

/** An IPv4 address, or block, in the last 32 bits of a documentation prefix, so that what holds of one holds of the other. */
function embedded(text: string): string {
  const [address = '', length] = text.split('/');
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const word = (high: number, low: number) => (high * 256 + low).toString(16);
  const six = readAddress(`2001:db8:64::${word(a, b)}:${word(c, d)}`) ?? '';
  return length === undefined ? six : `${six}/${Number(length) + 96}`;
}

const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bip (saddr|daddr)\b/g, 'ip6 $1'],
  [/\bsnat ip to\b/g, 'snat ip6 to'],
  [/^table ip /gm, 'table ip6 '],
  [/-m ttl --ttl-/g, '-m hl --hl-'],
];

/** Rules, commands or addresses of IPv4 as they are of the family. */
export function inFamily(family: Family, text: string): string {
  if (family === 'ipv4') return text;
  const six = text.replaceAll(/\b\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?/g, embedded);
  return WORDS.reduce((sofar, [from, to]) => sofar.replaceAll(from, to), six);
}
