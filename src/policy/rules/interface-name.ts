import type { Fault } from '../finding.ts';
import { displayed } from '../problem.ts';

/** The kernel keeps 16 bytes for a name, the closing NUL included (IFNAMSIZ). */
const LONGEST = 15;

/** What is wrong with the name of an interface, or a glob that ends in `*`; undefined where nothing is. */
export function nameFault(name: string): Fault | undefined {
  const remedy = 'write a name like eth0, or a glob like "ens*"';
  const text = name === '' ? 'an empty text' : displayed(name);
  if (name === '') return { message: 'an empty text is no name of an interface', remedy };
  if (name === 'auto')
    return { message: 'auto is no name of an interface', remedy: 'write auto alone, without a list' };
  if (name === '.' || name === '..') return { message: `${text} can't be the name of an interface`, remedy };
  if (/\s/.test(name)) return { message: `${text} holds white space, which no interface has`, remedy };
  const odd = /[/:"\\{};#$,]/.exec(name)?.[0];
  if (odd !== undefined) return { message: `${text} holds a ${odd}, which no interface should have`, remedy };
  if (/[^\x21-\x7e]/.test(name)) return { message: `${text} holds more than plain ASCII characters`, remedy };
  const star = name.indexOf('*');
  if (/[?[\]]/.test(name) || (star >= 0 && star < name.length - 1)) {
    const start = name.split(/[*?[\]]/)[0] ?? '';
    const write = start === '' ? remedy : `write "${start}*"`;
    return { message: `${text} is a pattern that can't be told to the kernel: only a * at the end can`, remedy: write };
  }
  if (name.length > LONGEST)
    return { message: `${text} is longer than the ${LONGEST} characters of an interface name`, remedy };
  return undefined;
}

/** Whether the name, or the glob that ends in `*`, means this interface. */
export function nameMatches(nameOrGlob: string, interfaceName: string): boolean {
  if (!isGlob(nameOrGlob)) return nameOrGlob === interfaceName;
  return interfaceName.startsWith(nameOrGlob.slice(0, -1));
}

/** Whether the name ends in `*`, and so stands for every interface that begins with the rest. */
export function isGlob(name: string): boolean {
  return name.endsWith('*');
}
