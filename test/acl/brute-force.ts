import { Address4, Address6 } from 'ip-address';
import type { AclEntry, Direction, NetworkAcl } from '../../src/acl/model.ts';
import { ALL_PORTS } from '../../src/ports.ts';
import { BLOCKS, FIELDS, type Field, judged } from './random-acl.ts';

/** One packet, as an ACL sees it. */
export interface Sent {
  readonly direction: Direction;
  readonly remote: string;
  readonly protocol: number;
  readonly port: number;
}

/** What the guide says, word for word: by ascending number, the first that matches decides, else it is denied. */
export function passes(acl: NetworkAcl, sent: Sent): boolean {
  const first = ascending(acl).find((entry) => matches(entry, sent));
  return first !== undefined && judged(first.allow);
}

const sorted = new WeakMap<NetworkAcl, readonly AclEntry[]>();
function ascending(acl: NetworkAcl): readonly AclEntry[] {
  const made = sorted.get(acl) ?? [...acl.entries].sort((a, b) => judged(a.number) - judged(b.number));
  sorted.set(acl, made);
  return made;
}

function matches(entry: AclEntry, { direction, remote, protocol, port }: Sent): boolean {
  if (judged(entry.direction) !== direction || judged(entry.family) !== (remote.includes(':') ? 'ipv6' : 'ipv4'))
    return false;
  const wanted = judged(entry.protocol);
  if (wanted !== 'all' && wanted !== protocol) return false;
  if (!judged(entry.ports).some(({ from, to }) => from <= port && port <= to)) return false;
  return within(remote, judged(entry.remote));
}

const seen = new Map<string, Map<string, boolean>>();
function within(address: string, block: string): boolean {
  const known = seen.get(block) ?? new Map<string, boolean>();
  seen.set(block, known);
  const is =
    known.get(address) ??
    (address.includes(':') === block.includes(':') &&
      (address.includes(':')
        ? new Address6(address).isInSubnet(new Address6(block))
        : new Address4(address).isInSubnet(new Address4(block))));
  known.set(address, is);
  return is;
}

/** Every ACL that this one may really be: each unknown field takes each value of a small domain that tells the cases apart. */
export function completions(acl: NetworkAcl): readonly NetworkAcl[] {
  const numbers = acl.entries.map(({ number }) => number).filter((one) => typeof one === 'number');
  let all: readonly (readonly AclEntry[])[] = [[]];
  for (const [i, entry] of acl.entries.entries()) {
    const unknown = FIELDS.filter((field) => isUnknown(entry[field]));
    let made: readonly AclEntry[] = [entry];
    for (const field of unknown)
      made = made.flatMap((one) => domain(field, one, { i, numbers }).map((value) => ({ ...one, [field]: value })));
    const ways = made.filter(consistent).map((one) => [one]);
    all = all.flatMap((list) => [...ways, ...(entry.presence ? [[]] : [])].map((way) => [...list, ...way]));
  }
  return all.map((entries) => ({ ...acl, entries }));
}

const isUnknown = (value: unknown): boolean => typeof value === 'object' && value !== null && 'unknown' in value;
const consistent = ({ family, remote }: AclEntry): boolean =>
  (judged(remote).includes(':') ? 'ipv6' : 'ipv4') === judged(family);

function domain(
  field: Field,
  entry: AclEntry,
  { i, numbers }: { i: number; numbers: readonly number[] },
): readonly unknown[] {
  switch (field) {
    case 'direction':
      return ['inbound', 'outbound'];
    case 'number':
      // Before, between and behind the others, and two that are unknown in either order.
      return [0, ...numbers].flatMap((one) => [one + 0.2 + i / 1000, one + 0.8 - i / 1000]);
    case 'presence':
      return [undefined];
    case 'allow':
      return [true, false];
    case 'family':
      return isUnknown(entry.remote) ? ['ipv4', 'ipv6'] : [judged(entry.remote).includes(':') ? 'ipv6' : 'ipv4'];
    case 'remote':
      return [BLOCKS.ipv4[0], BLOCKS.ipv4.at(-1), BLOCKS.ipv6[0], BLOCKS.ipv6.at(-1)];
    case 'protocol':
      return ['all', 6, 17, 47];
    case 'ports':
      return [ALL_PORTS, []];
  }
}
