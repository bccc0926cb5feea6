import type { Part } from '../backends/backend.ts';
import { backendNamed } from '../backends/choose.ts';
import { couldNotOpen } from '../backends/nftables/load.ts';
import { script } from '../backends/nftables/script.ts';
import type { System } from '../system/system.ts';
import { locked } from './locked.ts';
import { readState } from './state.ts';

/**
 * Puts rules back that were taken away, or that others came to stand before, as they were last wanted and without looking at anything
 * else: the fast way, for the first milliseconds. False where nothing was sent, or the kernel did not take it.
 */
export function restoreRules(system: System): Promise<boolean> {
  return locked(
    system,
    () => {},
    async (folder) => {
      const { wanted, draining } = await readState(system, folder);
      if (!wanted || draining) return false;
      const backend = await backendNamed(system, wanted.backend?.id ?? 'nftables');
      const parts = backend.parts(await backend.repair(system, wanted.creation));
      for (const part of parts) {
        if (!(await isTaken(system, part))) return false;
      }
      return parts.length > 0;
    },
  );
}

async function isTaken(system: System, { commit, quickCommit, lines }: Part): Promise<boolean> {
  const input = script(lines);
  const quick = await system.run(quickCommit ?? commit, { input });
  if (quickCommit === undefined || !couldNotOpen(quick)) return quick.code === 0;
  return (await system.run(commit, { input })).code === 0;
}
