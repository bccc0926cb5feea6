import type { PortSet, Protocol } from '../../ports.ts';
import { type Either, NEVER } from './match.ts';

/** How many ports one `-m multiport` takes; a range counts as two (XT_MULTI_PORTS). */
const SLOTS = 15;

/** One match a protocol, or several where the ports are more than one match takes. */
export function portMatches(end: 'sport' | 'dport', ports: PortSet, protocols: readonly Protocol[]): Either {
  const parts = ports.map(({ from, to }) => ({
    text: from === to ? `${from}` : `${from}:${to}`,
    size: from === to ? 1 : 2,
  }));
  const [only, ...more] = parts;
  if (!only) return NEVER;
  return protocols.flatMap((protocol): Either => {
    if (more.length === 0) return [{ protocol, words: [`-m ${protocol} --${end} ${only.text}`] }];
    return chunks(parts).map((chunk) => ({ protocol, words: [`-m multiport --${end}s ${chunk.join(',')}`] }));
  });
}

function chunks(parts: readonly { readonly text: string; readonly size: number }[]): readonly (readonly string[])[] {
  const all: string[][] = [];
  let room = 0;
  for (const { text, size } of parts) {
    if (size > room) {
      all.push([]);
      room = SLOTS;
    }
    all.at(-1)?.push(text);
    room -= size;
  }
  return all;
}
