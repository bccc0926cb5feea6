import { backendNamed } from '../survey/choose.ts';
import { script } from '../survey/nft-script.ts';
import { readState } from '../survey/state.ts';
import type { System } from '../system/system.ts';
import { locked } from './locked.ts';

/**
 * Puts the rules back that somebody has taken away or got before, as they were last wanted and without looking at anything
 * else: the fast way, for the first milliseconds. False where nothing was sent, or the kernel did not take it.
 */
export function putBack(system: System): Promise<boolean> {
  return locked(
    system,
    () => {},
    async (folder) => {
      const { wanted, draining } = await readState(system, folder);
      if (!wanted || draining) return false;
      const backend = await backendNamed(system, wanted.backend?.id ?? 'nftables');
      const parts = backend.parts(await backend.repair(system, wanted.creation));
      for (const { commit, lines } of parts) {
        if ((await system.run(commit, { input: script(lines) })).code !== 0) return false;
      }
      return parts.length > 0;
    },
  );
}
