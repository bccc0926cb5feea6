import { Address4, Address6 } from 'ip-address';
import type { Cidr } from '../addresses.ts';
import type { Family } from '../ports.ts';

/** Addresses as numbers, both ends inclusive. */
export interface AddressRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** A block as text and as the addresses that it holds. */
export interface AddressBlock extends AddressRange {
  readonly cidr: Cidr;
  readonly family: Family;
}

const BITS: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 };
export const EVERYWHERE: Readonly<Record<Family, Cidr>> = { ipv4: '0.0.0.0/0', ipv6: '::/0' };

/** The addresses of a block in canonical text; what is no such text throws the library's error. */
export function addressBlock(cidr: Cidr): AddressBlock {
  const family = familyOf(cidr);
  const address = family === 'ipv6' ? new Address6(cidr) : new Address4(cidr);
  const from = address.bigInt();
  return { cidr, family, from, to: from + (1n << BigInt(BITS[family] - address.subnetMask)) - 1n };
}

export const familyOf = (cidr: Cidr): Family => (cidr.includes(':') ? 'ipv6' : 'ipv4');

export const holds = (outer: AddressRange, inner: AddressRange): boolean =>
  outer.from <= inner.from && inner.to <= outer.to;

/** The fewest blocks that hold exactly the addresses from..to, in ascending order. */
export function blocksOf({ from, to }: AddressRange, family: Family): readonly Cidr[] {
  const blocks: Cidr[] = [];
  for (let next = from; next <= to; ) {
    let host = 0;
    while (host < BITS[family] && next % (1n << BigInt(host + 1)) === 0n && next + (1n << BigInt(host + 1)) - 1n <= to)
      host += 1;
    const address = family === 'ipv6' ? Address6.fromBigInt(next) : Address4.fromBigInt(next);
    blocks.push(`${address.correctForm()}/${BITS[family] - host}`);
    next += 1n << BigInt(host);
  }
  return blocks;
}

/** Where the blocks begin, and where what lies behind them does; ascending, from 0. */
export function intervalStarts(blocks: readonly AddressRange[]): readonly bigint[] {
  const starts = new Set([0n, ...blocks.flatMap(({ from, to }) => [from, to + 1n])]);
  return [...starts].sort((a, b) => (a < b ? -1 : 1));
}

/** Which interval holds the address: the last that begins at or before it. */
export function intervalAt(starts: readonly bigint[], address: bigint): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0n) <= address) low = middle;
    else high = middle - 1;
  }
  return low;
}
