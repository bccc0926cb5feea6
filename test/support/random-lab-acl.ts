import fc from 'fast-check';
import type { AclEntry, NetworkAcl, ProtocolMatch } from '../../src/acl/model.ts';
import { readAclFiles } from '../../src/acl/readers/read.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { ALL_PORTS, FAMILIES, type Family, HIGHEST_PORT, portSet } from '../../src/ports.ts';
import { asTable } from '../acl/acl-writers.ts';

/** Blocks that entries may name; a block that stands here more often is named more often. */
export type Blocks = Readonly<Record<Family, readonly string[]>>;

const port = fc.oneof(
  fc.integer({ min: 0, max: HIGHEST_PORT }),
  fc.constantFrom(
    0,
    1,
    1023,
    1024,
    ECHO_ADDRESS_PORT - 1,
    ECHO_ADDRESS_PORT,
    ECHO_ADDRESS_PORT + 1,
    32_768,
    49_152,
    60_999,
    61_000,
    HIGHEST_PORT,
  ),
);
const range = fc.tuple(port, port).map(([a, b]) => portSet({ from: Math.min(a, b), to: Math.max(a, b) }));

const anyEntry = (blocks: Blocks): fc.Arbitrary<AclEntry> =>
  fc
    .record({
      direction: fc.constantFrom('inbound' as const, 'inbound' as const, 'outbound' as const),
      number: fc.integer({ min: 1, max: 30_000 }),
      allow: fc.boolean(),
      family: fc.constantFrom(...FAMILIES),
      block: fc.nat(),
      protocol: fc.constantFrom<ProtocolMatch>(6, 6, 17, 17, 'all', 132),
      ports: range,
    })
    .map(({ block, ...entry }) => ({
      ...entry,
      remote: blocks[entry.family][block % blocks[entry.family].length] ?? '::/0',
      ports: entry.protocol === 6 || entry.protocol === 17 ? entry.ports : ALL_PORTS,
      icmp: { type: 'any', code: 'any' },
      place: { file: '', path: '' },
    }));

/** Requests usually get out, and some answers in, whatever the other entries say. */
const LAST: readonly Omit<AclEntry, 'place'>[] = FAMILIES.flatMap((family) => {
  const all = { family, remote: family === 'ipv4' ? '0.0.0.0/0' : '::/0', icmp: { type: 'any', code: 'any' } } as const;
  return [
    { ...all, direction: 'outbound', number: 31_000, allow: true, protocol: 'all', ports: ALL_PORTS },
    {
      ...all,
      direction: 'inbound',
      number: 31_000,
      allow: true,
      protocol: 6,
      ports: portSet({ from: 49_152, to: 61_000 }),
    },
    {
      ...all,
      direction: 'inbound',
      number: 31_001,
      allow: true,
      protocol: 17,
      ports: portSet({ from: 1024, to: 40_000 }),
    },
  ];
});

/** An ACL around a lab's peer, the same for the same seed, and the table that it was read from. */
export function randomAcl(seed: number, blocks: Blocks): { acl: NetworkAcl; text: string } {
  const entries = fc.uniqueArray(anyEntry(blocks), {
    minLength: 3,
    maxLength: 12,
    selector: ({ direction, number }) => `${direction} ${number}`,
  });
  const [sample = []] = fc.sample(entries, { seed, numRuns: 1 });
  const text = asTable({ entries: [...sample, ...LAST.map((entry) => ({ ...entry, place: { file: '', path: '' } }))] });
  const [acl] = readAclFiles([{ name: `acl ${seed}`, text }]).acls;
  if (acl === undefined) throw new TypeError('the sample has no ACL');
  return { acl, text };
}
