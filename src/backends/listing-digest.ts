import { createHash } from 'node:crypto';
import type { FenceListing } from './listing.ts';

/**
 * A digest of what a listing says: equal where the same rules stand, whatever they have counted and in whichever order the kernel
 * numbered them. SHA-256, in hexadecimal.
 */
export function listingDigest({ chains, sets, counters, others }: FenceListing): string {
  const said = {
    chains: chains.map(({ name, base, rules }) => [name, base, rules.map(({ comment, expr }) => [comment, expr])]),
    sets: sets.map(({ name, type, flags, elements }) => [name, type, flags, elements.toSorted()]),
    counters: counters.map(({ name }) => name),
    others,
  };
  return createHash('sha256').update(JSON.stringify(said)).digest('hex');
}
