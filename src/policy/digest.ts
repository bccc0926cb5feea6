import { createHash } from 'node:crypto';
import type { Policy } from './policy.ts';

const DIGITS = 12;

/**
 * Twelve hexadecimal digits that are the same for equal policies, on every host and in every version that knows the same keys.
 * Where the agent listens is left out: it differs from host to host.
 */
export function policyDigest({ listen: _, ...policy }: Policy): string {
  return createHash('sha256')
    .update(JSON.stringify(ordered(policy)))
    .digest('hex')
    .slice(0, DIGITS);
}

/** Keys in one order; words of a list too, whose order says nothing in a policy. */
function ordered(value: unknown): unknown {
  if (Array.isArray(value))
    return value.every((one) => typeof one === 'string') ? value.toSorted() : value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, ordered(inner)]),
  );
}
