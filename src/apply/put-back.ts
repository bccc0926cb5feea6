import { script } from '../survey/nft-script.ts';
import { readState } from '../survey/state.ts';
import type { System } from '../system/system.ts';
import { locked } from './locked.ts';

/**
 * Puts the table back that somebody has taken away, as it was last wanted and without looking at anything else: the fast
 * way, for the first milliseconds. False where it is there, is not wanted, or is not made with nftables.
 */
export function putBack(system: System): Promise<boolean> {
  return locked(
    system,
    () => {},
    async (folder) => {
      const { wanted, draining } = await readState(system, folder);
      if (!wanted || draining || (wanted.backend?.id ?? 'nftables') !== 'nftables') return false;
      // `create` refuses where the table is there, and with it the whole transaction.
      const lines = wanted.creation.map((line) => line.replace(/^add table /, 'create table '));
      return (await system.run(['nft', '-f', '-'], { input: script(lines) })).code === 0;
    },
  );
}
