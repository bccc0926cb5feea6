import { observeFence } from '../observe/fence.ts';
import { counterName } from '../plan/counters.ts';
import type { System } from '../system/system.ts';
import type { Kind } from './kinds.ts';
import type { Origin } from './origin.ts';

/** Packets that the guard has counted as leaked so far, by counter; none where there is no guard. */
export async function leakedCounts(system: System): Promise<ReadonlyMap<string, number>> {
  const fence = await observeFence(system);
  return new Map((fence?.counters ?? []).map(({ name, packets }) => [name, packets]));
}

/** How many packets of a kind the guard counted as leaked between two readings; undefined where it counts none of them. */
export function leakedBetween(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  origin: Origin,
  { target, protocol }: Kind,
): number | undefined {
  const whose = origin.kind === 'host' ? 'host' : 'containers';
  const name = counterName({ tally: 'leaked', origin: whose, family: target.family, protocol });
  const [first, last] = [before.get(name), after.get(name)];
  return first === undefined || last === undefined ? undefined : last - first;
}
