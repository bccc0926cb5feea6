import { Address4, Address6 } from 'ip-address';
import type { Cidr } from '../policy/policy.ts';

type Address = Address4 | Address6;

const read = (text: string): Address => (text.includes(':') ? new Address6(text) : new Address4(text));

/** Whether the address (with or without a prefix length) lies in the block. Families never mix. */
export function blockHas(block: Cidr, address: string): boolean {
  if (block.includes(':') !== address.includes(':')) return false;
  const [outer, inner] = [read(block), read(address)];
  if (outer instanceof Address4 && inner instanceof Address4) return inner.isInSubnet(outer);
  return outer instanceof Address6 && inner instanceof Address6 && inner.isInSubnet(outer);
}

/** Blocks of one family, sorted, without those that another one holds: nft refuses overlapping elements. */
export function mergeBlocks(cidrs: readonly Cidr[]): readonly Cidr[] {
  const all = [...new Set(cidrs)];
  return all.filter((one) => !all.some((other) => other !== one && blockHas(other, one))).sort();
}
