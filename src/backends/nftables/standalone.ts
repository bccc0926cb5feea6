import { FAMILY, TABLE } from './table.ts';

const OURS = `${FAMILY} ${TABLE}`;
/** Base chains that a table of ours can hold although these commands don't make them. */
const PERHAPS_THERE = ['guard', 'drain'];

/**
 * The same table as a text that `nft -f` can load at any time, without knowing what is there: declare, flush, delete, make
 * anew, in one transaction. Named counters go on counting. Only `add`, `flush` and `delete`: nft 1.0.6 has no `destroy`.
 */
export function standalone(creation: readonly string[]): readonly string[] {
  const chains = [...new Set([...PERHAPS_THERE, ...creation.flatMap((line) => objectName(line, 'chain') ?? [])])];
  return [
    `add table ${OURS}`,
    ...chains.map((name) => `add chain ${OURS} ${name}`),
    ...chains.map((name) => `flush chain ${OURS} ${name}`),
    ...chains.map((name) => `delete chain ${OURS} ${name}`),
    ...creation.flatMap((line) => {
      const set = objectName(line, 'set');
      return set !== undefined ? [line, `flush set ${OURS} ${set}`] : [line];
    }),
  ];
}

function objectName(line: string, kind: 'chain' | 'set'): string | undefined {
  const head = `add ${kind} ${OURS} `;
  return line.startsWith(head) ? line.slice(head.length).split(' ')[0] : undefined;
}
