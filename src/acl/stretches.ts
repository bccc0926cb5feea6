import type { AddressRange } from './address-block.ts';

/** Where the blocks begin, and where what lies behind them does; ascending, from 0. */
export function stretchStarts(blocks: readonly AddressRange[]): readonly bigint[] {
  const starts = new Set([0n, ...blocks.flatMap(({ from, to }) => [from, to + 1n])]);
  return [...starts].sort((a, b) => (a < b ? -1 : 1));
}

/** Which stretch holds the address: the last that begins at or before it. */
export function stretchAt(starts: readonly bigint[], address: bigint): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0n) <= address) low = middle;
    else high = middle - 1;
  }
  return low;
}
