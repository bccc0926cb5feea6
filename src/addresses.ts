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
  const [block4, address4] = [ipv4Block(block), ipv4Block(address)];
  if (block4 >= 0 && address4 >= 0) return holdsIpv4(block4, address4);
  const [outer, inner] = [read(block), read(address)];
  if (outer instanceof Address4 && inner instanceof Address4) return inner.isInSubnet(outer);
  return outer instanceof Address6 && inner instanceof Address6 && inner.isInSubnet(outer);
}

/** An IPv4 address or block as its bits and its length in one number: the library takes ten times longer, and a host has many flows. -1 for anything else. */
function ipv4Block(text: string): number {
  let [bits, part, dots, at] = [0, -1, 0, 0];
  for (; at < text.length; at += 1) {
    const letter = text.charCodeAt(at);
    if (letter === SLASH) break;
    if (letter === DOT ? part < 0 : part === 0 || letter < ZERO || letter > NINE) return -1;
    if (letter === DOT) {
      [bits, part, dots] = [bits * 256 + part, -1, dots + 1];
    } else part = Math.max(part, 0) * 10 + letter - ZERO;
    if (part > 255) return -1;
  }
  if (dots !== 3 || part < 0) return -1;
  const length = at === text.length ? 32 : prefixLength(text.slice(at + 1));
  return length < 0 ? -1 : (bits * 256 + part) * LENGTHS + length;
}

const [DOT, SLASH, ZERO, NINE] = [46, 47, 48, 57];
/** More than there are lengths of an IPv4 block. */
const LENGTHS = 64;

const prefixLength = (text: string): number => (/^\d{1,2}$/.test(text) && Number(text) <= 32 ? Number(text) : -1);

function holdsIpv4(outer: number, inner: number): boolean {
  const length = outer % LENGTHS;
  const size = 2 ** (32 - length) * LENGTHS;
  return inner % LENGTHS >= length && Math.floor(inner / size) === Math.floor(outer / size);
}

/** Whether two blocks have an address in common. Families never mix. */
export function overlap(one: Cidr, other: Cidr): boolean {
  return blockHas(one, firstOf(other)) || blockHas(other, firstOf(one));
}

const firstOf = (block: Cidr): string => block.split('/')[0] ?? block;

/** Blocks of one family, sorted, without those that another one holds: nft refuses overlapping elements. */
export function mergeBlocks(cidrs: readonly Cidr[]): readonly Cidr[] {
  const spans = [...new Set(cidrs)].map(spanOf).sort((a, b) => compare(a.from, b.from) || compare(b.to, a.to));
  // Blocks lie inside each other or apart, so that one that does not reach beyond all before it lies in one of them.
  let reached = -1n;
  const outermost = spans.filter(({ to }) => {
    const isBeyond = to > reached;
    if (isBeyond) reached = to;
    return isBeyond;
  });
  return outermost.map(({ cidr }) => cidr).sort();
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

function spanOf(cidr: Cidr): { readonly cidr: Cidr; readonly from: bigint; readonly to: bigint } {
  const address = read(cidr);
  return { cidr, from: address.startAddress().bigInt(), to: address.endAddress().bigInt() };
}

const read = (text: string): Address4 | Address6 => (text.includes(':') ? new Address6(text) : new Address4(text));
