import type { Cidr } from '../addresses.ts';

interface Block {
  readonly groups: Groups;
  readonly length: number;
}

/** An address as groups of 16 bits: two for IPv4, eight for IPv6. */
export type Groups = readonly number[];

/** Whether an address lies in one of the blocks; host bits of a block count for nothing. As `blockHas`, for hundreds of thousands. */
export function blockMatcher(blocks: readonly Cidr[]): (address: Groups) => boolean {
  const read = blocks.flatMap((block): Block[] => {
    const [address = '', prefix] = block.split('/');
    const groups = groupsOf(address);
    return groups ? [{ groups, length: Number(prefix ?? groups.length * 16) }] : [];
  });
  return (address) => read.some((block) => holds(block, address));
}

function holds({ groups, length }: Block, address: Groups): boolean {
  if (groups.length !== address.length) return false;
  for (let i = 0; i * 16 < length; i += 1) {
    const bits = Math.min(16, length - i * 16);
    const mask = (0xffff << (16 - bits)) & 0xffff;
    if (((groups[i] ?? 0) & mask) !== ((address[i] ?? 0) & mask)) return false;
  }
  return true;
}

/** The groups of an address as the kernel writes it; undefined for what is none. */
export function groupsOf(address: string): Groups | undefined {
  if (!address.includes(':')) {
    const parts = address.split('.');
    const [a = -1, b = -1, c = -1, d = -1] = parts.map(Number);
    return parts.length === 4 ? [a * 256 + b, c * 256 + d] : undefined;
  }
  const [before = '', after] = address.split('::', 2);
  const head = hexGroups(before);
  if (after === undefined) return head.length === 8 ? head : undefined;
  const tail = hexGroups(after);
  return [...head, ...new Array<number>(Math.max(0, 8 - head.length - tail.length)).fill(0), ...tail];
}

function hexGroups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}
