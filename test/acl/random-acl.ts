import fc from 'fast-check';
import type { AclEntry, Known, NetworkAcl } from '../../src/acl/model.ts';
import { ALL_PORTS, FAMILIES, type Family, type PortSet, portSet } from '../../src/ports.ts';

/** A small world, so that random entries meet: four addresses of each family, and blocks of them and around them. */
export const PEERS: Readonly<Record<Family, string>> = { ipv4: '10.0.0.0/30', ipv6: 'fd00::/126' };
export const ADDRESSES: Readonly<Record<Family, readonly string[]>> = {
  ipv4: ['10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3'],
  ipv6: ['fd00::', 'fd00::1', 'fd00::2', 'fd00::3'],
};
export const BLOCKS: Readonly<Record<Family, readonly string[]>> = {
  ipv4: ['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/31', '10.0.0.2/31', '10.0.0.1/32', '10.0.0.3/32', '192.0.2.0/24'],
  ipv6: ['::/0', 'fd00::/8', 'fd00::/127', 'fd00::2/127', 'fd00::1/128', 'fd00::3/128', '2001:db8::/32'],
};

const port = fc.oneof(
  fc.integer({ min: 0, max: 65_535 }),
  fc.constantFrom(0, 1, 53, 442, 443, 444, 445, 1024, 49_151, 49_152, 65_534, 65_535),
);
const range = fc.tuple(port, port).map(([a, b]) => portSet({ from: Math.min(a, b), to: Math.max(a, b) }));
const ports: fc.Arbitrary<PortSet> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(ALL_PORTS) },
  { weight: 3, arbitrary: range },
  { weight: 1, arbitrary: fc.tuple(range, range).map(([a, b]) => portSet(...a, ...b)) },
);

const entryOf = (families: readonly Family[]) =>
  fc.constantFrom(...families).chain((family) =>
    fc.record({
      direction: fc.constantFrom('inbound' as const, 'outbound' as const),
      number: fc.constant(0),
      allow: fc.constantFrom(true, true, false),
      family: fc.constant(family),
      remote: fc.oneof(fc.constantFrom(...BLOCKS[family].slice(0, 2)), fc.constantFrom(...BLOCKS[family])),
      protocol: fc.constantFrom('all' as const, 'all' as const, 6, 6, 17),
      ports,
      icmp: fc.constant({ type: 'any' as const, code: 'any' as const }),
    }),
  );

export type Field = keyof Omit<AclEntry, 'place' | 'icmp' | 'when' | 'sourcePorts' | 'isStateful'>;
export const FIELDS: readonly Field[] = [
  'direction',
  'number',
  'allow',
  'family',
  'remote',
  'protocol',
  'ports',
  'presence',
];

interface Options {
  readonly entries?: number;
  /** How many entries have one or two fields that could not be judged. */
  readonly doubts?: number;
  /** Of which the entries are, at random. */
  readonly families?: readonly Family[];
}

/** Entries with distinct numbers, not in their order. */
export function anyAcl(
  id: string,
  { entries = 12, doubts = 0, families = FAMILIES }: Options = {},
): fc.Arbitrary<NetworkAcl> {
  const fields = fc.array(fc.subarray([...FIELDS], { minLength: 1, maxLength: 2 }), {
    minLength: doubts,
    maxLength: doubts,
  });
  const list = fc.array(entryOf(families), { minLength: Math.floor(entries / 2), maxLength: entries });
  return fc
    .tuple(list, fields, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 30 }))
    .map(([all, doubtful, steps]) => {
      let number = 0;
      const made = all.map((entry, i): AclEntry => {
        number += steps[i] ?? 1;
        const unknown = Object.fromEntries((doubtful[i] ?? []).map((field) => [field, { unknown: `no ${field}` }]));
        return { ...entry, number, ...unknown, place: { file: 'f', path: `Entries[${i}]` } };
      });
      return aclOf(id, [...made.filter((_, i) => i % 2 === 1), ...made.filter((_, i) => i % 2 === 0)]);
    });
}

export function aclOf(id: string, entries: readonly AclEntry[]): NetworkAcl {
  return {
    id,
    vpc: undefined,
    isDefault: false,
    subnets: [],
    entries,
    exempts: 'none',
    place: { file: 'f', path: id },
  };
}

export const judged = <T>(value: Known<T>): T => {
  if (typeof value === 'object' && value !== null && 'unknown' in value) throw new Error('not known here');
  return value as T;
};
