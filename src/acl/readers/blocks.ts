import { type Cidr, readAddress, readBlock } from '../../addresses.ts';
import type { Family } from '../../ports.ts';
import type { Element } from './element.ts';
import { aclFileError, shown } from './problem.ts';

/** An element's address block in canonical text; host bits are cut off, as AWS does. Throws ACL_FILE. */
export function blockOf({ value, place }: Element, family: Family): Cidr {
  const block = typeof value === 'string' ? readKnownBlock(value.trim()) : undefined;
  if (block === undefined) throw aclFileError(place, `${shown(value)} is no address block`, remedy(value, family));
  if (familyOf(block) === family) return block;
  const other = family === 'ipv4' ? 'IPv6' : 'IPv4';
  throw aclFileError(place, `${shown(value)} is an ${other} block`, `write it under the key for ${other} blocks`);
}

export function familyOf(block: Cidr): Family {
  return block.includes(':') ? 'ipv6' : 'ipv4';
}

function remedy(value: unknown, family: Family): string {
  const length = family === 'ipv4' ? 32 : 128;
  const isAddress = typeof value === 'string' && readAddress(value) !== undefined;
  if (isAddress) return `write ${shown(value).slice(1, -1)}/${length} for this one address`;
  return family === 'ipv4' ? 'write a block such as 10.0.0.0/16' : 'write a block such as 2001:db8::/32';
}

const MOST_REMEMBERED = 10_000;
const known = new Map<string, Cidr | undefined>();

/** As `readBlock`, remembered: a file of 50 MB names the same few blocks again and again. */
export function readKnownBlock(text: string): Cidr | undefined {
  if (!known.has(text)) {
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(text, readBlock(text));
  }
  return known.get(text);
}
