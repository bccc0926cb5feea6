import type { System } from '../system/system.ts';
import type { Backend } from './backend.ts';
import type { FenceListing } from './listing.ts';

interface Learnt {
  readonly backend: Backend['id'];
  readonly creation: string;
  readonly wanted: FenceListing;
}

/** The last answer for each machine: one is enough for an agent, whose plan seldom changes. */
const last = new WeakMap<System, Learnt>();

/**
 * What this kernel makes of the commands, as it said the last time that it was asked for the same ones. Another version of a tool
 * may list them in other words by now, so that only equality with what is there is sure.
 */
export function learntListing(system: System, { id }: Backend, creation: readonly string[]): FenceListing | undefined {
  const known = last.get(system);
  return known?.backend === id && known.creation === creation.join('\n') ? known.wanted : undefined;
}

/** Asks the kernel in an empty network namespace, and remembers the answer. Throws what the backend throws. */
export async function learnListing(
  system: System,
  backend: Backend,
  creation: readonly string[],
): Promise<FenceListing> {
  const wanted = await backend.wanted(system, creation);
  last.set(system, { backend: backend.id, creation: creation.join('\n'), wanted });
  return wanted;
}
