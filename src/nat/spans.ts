import { Address4, Address6 } from 'ip-address';
import { type Cidr, readAddress, readBlock } from '../addresses.ts';
import type { Family } from '../ports.ts';
import type { AddressSpan } from './model.ts';

const WIDTH: Readonly<Record<Family, number>> = { ipv4: 32, ipv6: 128 };

export const familyOfAddress = (text: string): Family => (text.includes(':') ? 'ipv6' : 'ipv4');

const PLAIN_BLOCK = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/;

/**
 * The first address of an IPv4 block as a number, and its size, where it is written as tools list it; undefined for all else. A look at
 * thousands of rules must not take long, and parsing each address in full is half of it.
 */
function plainBlock(text: string): { readonly from: number; readonly size: number } | undefined {
  const match = PLAIN_BLOCK.exec(text);
  if (!match || /(?:^|[./])0\d/.test(text)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, length = 0] = match.slice(1).map(Number);
  if (a > 255 || b > 255 || c > 255 || d > 255 || length > 32) return undefined;
  const [from, size] = [((a * 256 + b) * 256 + c) * 256 + d, 2 ** (32 - length)];
  return from % size === 0 ? { from, size } : undefined;
}

/** A block or an address as a rule tells it, or undefined: `10.0.0.0/8`, `10.0.0.1`, `10.0.0.0/255.0.0.0`. */
export function readSpan(text: string): AddressSpan | undefined {
  if (plainBlock(text)) return text;
  const [address, mask] = text.split('/');
  if (address === undefined || mask === undefined) return wholeAddress(text);
  if (!mask.includes('.')) return /^\d{1,3}$/.test(mask) ? readBlock(text) : undefined;
  const length = maskLength(mask);
  return length === undefined ? undefined : readBlock(`${address}/${length}`);
}

function wholeAddress(text: string): Cidr | undefined {
  const address = readAddress(text);
  return address && `${address}/${WIDTH[familyOfAddress(address)]}`;
}

/** Masks with holes in them are no block. */
function maskLength(mask: string): number | undefined {
  const address = readAddress(mask);
  if (address === undefined || address.includes(':')) return undefined;
  const bits = number(address).toString(2).padStart(32, '0');
  return /^1*0*$/.test(bits) ? bits.replaceAll('0', '').length : undefined;
}

/** `A-B`, both ends inclusive and of one family, or undefined. */
export function readRange(text: string): { readonly from: string; readonly to: string } | undefined {
  const [first, last, more] = text.split('-');
  const from = readAddress(first ?? '');
  const to = readAddress(last ?? '');
  if (from === undefined || to === undefined || more !== undefined) return undefined;
  if (familyOfAddress(from) !== familyOfAddress(to) || number(from) > number(to)) return undefined;
  return { from, to };
}

interface Numbers {
  readonly family: Family;
  readonly from: bigint;
  readonly to: bigint;
}
const known = new Map<AddressSpan, Numbers>();
const MOST_KNOWN = 10_000;

/** The first and last address of a span as numbers; kept, since walks ask for the same spans again and again. */
export function spanNumbers(span: AddressSpan): Numbers {
  const before = known.get(span);
  if (before) return before;
  if (known.size >= MOST_KNOWN) known.clear();
  const numbers = measure(span);
  known.set(span, numbers);
  return numbers;
}

function measure(span: AddressSpan): Numbers {
  const plain = plainBlock(span);
  if (plain) return { family: 'ipv4', from: BigInt(plain.from), to: BigInt(plain.from + plain.size - 1) };
  const family = familyOfAddress(span);
  const [first, last] = span.split('-');
  if (last !== undefined) return { family, from: number(first ?? ''), to: number(last) };
  const [address, length] = span.split('/');
  const host = BigInt(WIDTH[family] - Number(length ?? WIDTH[family]));
  const from = number(address ?? '');
  return { family, from, to: from | ((1n << host) - 1n) };
}

const number = (address: string): bigint =>
  address.includes(':') ? new Address6(address).bigInt() : new Address4(address).bigInt();

/** Whether the address lies in one of the spans. Families never mix. */
export function spansHave(spans: readonly AddressSpan[], address: string): boolean {
  const family = familyOfAddress(address);
  const value = number(address);
  return spans.some((span) => {
    const numbers = spanNumbers(span);
    return numbers.family === family && numbers.from <= value && value <= numbers.to;
  });
}
