import { type Direction, isUnknown, type NetworkAcl } from './model.ts';

/** Numbers that an entry can have (AWS VPC guide, "Network ACL rules"). */
const LOWEST = 1;
const HIGHEST = 32_766;
const STEP = 10;

/**
 * A number of this direction that no entry has, of either family, and that precedes `before`: the one nearest to it; without
 * one, the next round number behind all. Undefined where none is free.
 */
export function freeNumber(acl: NetworkAcl, direction: Direction, before: number | undefined): number | undefined {
  const taken = new Set(
    acl.entries.flatMap((entry) =>
      (isUnknown(entry.direction) || entry.direction === direction) && !isUnknown(entry.number) ? [entry.number] : [],
    ),
  );
  if (before === undefined) {
    const next = Math.floor(Math.max(0, ...taken) / STEP) * STEP + STEP;
    if (next <= HIGHEST) return next;
  }
  for (let number = Math.min(before ?? Infinity, HIGHEST + 1) - 1; number >= LOWEST; number -= 1)
    if (!taken.has(number)) return number;
  return undefined;
}
