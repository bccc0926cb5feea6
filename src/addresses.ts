import { Address4, Address6 } from 'ip-address';

/** An address block in canonical text, without host bits: `10.0.0.0/8`, `2001:db8::/32`. */
export type Cidr = string;

const PLAIN = /^[0-9a-fA-F.:]+(?:\/\d{1,3})?$/;

/** An address in canonical text, or undefined for what is none (a zone or a prefix length included). */
export function readAddress(text: string): string | undefined {
  return text.includes('/') ? undefined : parse(text)?.correctForm();
}

/** A block in canonical text, host bits cut off; a bare address or anything else is undefined. */
export function readBlock(text: string): Cidr | undefined {
  if (!text.includes('/')) return undefined;
  const address = parse(text);
  return address && `${address.startAddress().correctForm()}/${address.subnetMask}`;
}

function parse(text: string): Address4 | Address6 | undefined {
  if (!PLAIN.test(text)) return undefined;
  try {
    return read(text);
  } catch {
    return undefined;
  }
}

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

const read = (text: string): Address4 | Address6 => (text.includes(':') ? new Address6(text) : new Address4(text));
