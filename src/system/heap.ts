import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the memory of a process that runs for long small: short-lived objects are collected in steps of one megabyte, and the
 * heap is compacted rather than grown (v8 flags; they take effect for what is allocated from here on).
 */
export function keepHeapSmall(): void {
  for (const flag of ['--max-semi-space-size=1', '--semi-space-growth-factor=1', '--optimize-for-size'])
    setFlagsFromString(flag);
}
