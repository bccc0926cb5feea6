import { PortfenceError } from '../../errors.ts';
import type { System } from '../../system/system.ts';
import { type FenceListing, readFence } from '../listing.ts';
import { NFT_LOAD } from './load.ts';
import { refusal, script } from './script.ts';
import { FAMILY, TABLE } from './table.ts';

/** A constant: loads what comes on standard input, then lists it as the kernel understood it. */
const LOAD_AND_LIST = `${NFT_LOAD} && nft -j list table ${FAMILY} ${TABLE}`;

/**
 * What this kernel and this nft make of the commands, learnt in an empty network namespace that is gone when the command
 * ends. Listings differ between versions of nft; two listings by the same one can be compared word by word.
 * Throws KERNEL_REFUSED where the kernel does not take the commands, and SYSTEM where no namespace can be made.
 */
export async function listingOf(system: System, creation: readonly string[]): Promise<FenceListing> {
  const done = await system.run(['unshare', '--net', 'sh', '-c', LOAD_AND_LIST], { input: script(creation) });
  if (done.code === 0) return readFence(done.stdout);
  if (/^unshare:/m.test(done.stderr)) {
    throw new PortfenceError('SYSTEM', `can't make a network namespace to try the rules in: ${done.stderr.trim()}`, {
      hint: 'portfence needs CAP_SYS_ADMIN (root) for it',
    });
  }
  throw refusal(/nft: (command )?not found/.test(done.stderr) ? { ...done, code: 127 } : done, creation);
}
