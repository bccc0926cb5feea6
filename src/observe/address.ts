import { Address4, Address6 } from 'ip-address';
import type { Cidr } from '../policy/policy.ts';

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
    return text.includes(':') ? new Address6(text) : new Address4(text);
  } catch {
    return undefined;
  }
}
