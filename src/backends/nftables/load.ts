import type { Argv, CommandResult } from '../../system/system.ts';

/**
 * Loads the commands that come on standard input, in one transaction. nft 0.9.8 opens /dev/stdin by name, which Linux refuses
 * with ENXIO where standard input is a socket, as the pipes of Node are (unix(7)); cat hands the text on by a real pipe.
 * A constant: nothing of it comes from outside.
 */
export const NFT_LOAD = 'cat | nft -f -';

/** The same as a command of its own. It ends as nft does, with 127 where nft is missing. */
export const nftLoad: Argv = ['sh', '-c', NFT_LOAD];

/** Asks nft and the kernel whether they would take the commands. */
export const nftCheck: Argv = ['sh', '-c', 'cat | nft -c -f -'];

/** Loads without a pipe in between; with nft 0.9.8 it ends with "Could not open file", and nothing is changed. */
export const nftQuickLoad: Argv = ['nft', '-f', '-'];

/** Whether nft ended so because it could not open its standard input by name. */
export const couldNotOpen = ({ code, stderr }: CommandResult): boolean =>
  code !== 0 && /Could not open file/.test(stderr);
