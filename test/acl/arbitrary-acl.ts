import fc from 'fast-check';
import type { AclEntry, IcmpMatch, ProtocolMatch } from '../../src/acl/model.ts';
import { ALL_PORTS, type PortSet, portSet } from '../../src/ports.ts';
import type { SampleAcl } from './acl-writers.ts';

const port = fc.oneof(
  fc.integer({ min: 0, max: 65_535 }),
  fc.constantFrom(0, 1, 443, 1023, 1024, 32_768, 49_152, 61_000, 65_535),
);
const ports: fc.Arbitrary<PortSet> = fc.oneof(
  fc.tuple(port, port).map(([a, b]) => portSet({ from: Math.min(a, b), to: Math.max(a, b) })),
  fc.constant(ALL_PORTS),
);
const BLOCKS = {
  ipv4: ['0.0.0.0/0', '10.0.0.0/8', '10.0.1.0/24', '203.0.113.10/32', '128.0.0.0/1'],
  ipv6: ['::/0', '2001:db8::/32', 'fd00:2::10/128', '8000::/1'],
} as const;
const ANY: IcmpMatch = { type: 'any', code: 'any' };

const remote = fc.oneof(
  fc.constantFrom(...BLOCKS.ipv4).map((block) => ({ family: 'ipv4' as const, remote: block })),
  fc.constantFrom(...BLOCKS.ipv6).map((block) => ({ family: 'ipv6' as const, remote: block })),
);
const kind = fc.constantFrom<ProtocolMatch | 'icmp'>(6, 6, 6, 17, 17, 'all', 'icmp', 132, 47, 2);
const icmpPart = fc.oneof(fc.constant('any' as const), fc.integer({ min: 0, max: 255 }));
const icmp: fc.Arbitrary<IcmpMatch> = fc.oneof(
  fc.constant(ANY),
  fc.record({ type: icmpPart, code: icmpPart }),
  fc.constant({ type: 3, code: 4 }),
);

/** An entry as AWS network ACLs can have it. */
const anyEntry: fc.Arbitrary<AclEntry> = fc
  .record({
    direction: fc.constantFrom('inbound' as const, 'outbound' as const),
    number: fc.integer({ min: 1, max: 32_766 }),
    allow: fc.boolean(),
    remote,
    kind,
    ports,
    icmp,
  })
  .map((parts): AclEntry => {
    const icmpNumber = parts.remote.family === 'ipv4' ? 1 : 58;
    const protocol: ProtocolMatch = parts.kind === 'icmp' ? icmpNumber : parts.kind;
    return {
      direction: parts.direction,
      number: parts.number,
      allow: parts.allow,
      ...parts.remote,
      protocol,
      ports: protocol === 6 || protocol === 17 ? parts.ports : ALL_PORTS,
      icmp: parts.kind === 'icmp' ? parts.icmp : ANY,
      place: { file: '', path: '' },
    };
  });

/** Up to 12 entries, no number twice in one direction, listed in any order. */
export const anySampleAcl: fc.Arbitrary<SampleAcl> = fc
  .uniqueArray(anyEntry, { maxLength: 12, selector: ({ direction, number }) => `${direction} ${number}` })
  .chain((entries) =>
    fc
      .shuffledSubarray(
        entries.map((_, i) => i),
        { minLength: entries.length },
      )
      .map((order) => ({ entries, order })),
  );
