import { HIGHEST_PORT, intersect, type PortSet, portCount, portSet } from '../ports.ts';

const BLOCKS = 64;
const WIDTH = (HIGHEST_PORT + 1) / BLOCKS;

/** A block of 1024 ports: whether answers to it come back, and whether connections left from it. */
export interface Block {
  readonly allowed: boolean;
  /** Connections left from an allowed port, from one that is not, or from none of the block's. */
  readonly used: 'inside' | 'outside' | 'no';
}

/** All ports as 64 blocks. A block in which any port is outside the allowed range and used counts as `outside`. */
export function portBlocks(allowed: PortSet, used: readonly number[]): readonly Block[] {
  const usedSet = portSet(...used.map((port) => ({ from: port, to: port })));
  return Array.from({ length: BLOCKS }, (_, index) => {
    const block = portSet({ from: index * WIDTH, to: (index + 1) * WIDTH - 1 });
    const within = intersect(usedSet, block);
    const inside = intersect(within, allowed);
    const strays = within.length > 0 && portCount(within) > portCount(inside);
    return {
      allowed: intersect(block, allowed).length > 0,
      used: strays ? 'outside' : inside.length > 0 ? 'inside' : 'no',
    };
  });
}

/** The scale under the blocks: `0 ... 65535`. */
export function scale(): string {
  const marks = [0, 16_384, 32_768, 49_152].map((port) => String(port).padEnd(BLOCKS / 4)).join('');
  return `${marks.slice(0, BLOCKS - 5)}${HIGHEST_PORT}`;
}
