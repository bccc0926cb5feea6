import fc from 'fast-check';
import type { HostFacts } from '../../src/plan/facts.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { FAMILIES, type Protocol, portSet } from '../../src/ports.ts';
import { sampleFacts, samplePolicy } from './samples.ts';

const range = fc
  .tuple(fc.integer({ min: 1024, max: 65_000 }), fc.integer({ min: 80, max: 9000 }))
  .map(([from, size]) => ({ from, to: Math.min(65_535, from + size) }));

const octet = fc.integer({ min: 0, max: 255 });
const subnet4 = fc.tuple(octet, octet).map(([a, b]) => `172.${a}.${b}.0/24`);
/** From 1 up: `fd00:0::` is no address in canonical text, which is all that a policy holds. */
const subnet6 = octet.map((a) => `fd00:${(a + 1).toString(16)}::/64`);
const hexName = fc.nat({ max: 0xffffff }).map((n) => `br-${n.toString(16).padStart(12, '0')}`);

/** Policies as the policy stage gives them: checked, with every default filled in. */
export const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    ports: fc.array(range, { minLength: 1, maxLength: 4 }).map((ranges) => portSet(...ranges)),
    protocols: fc.constantFrom<readonly Protocol[]>(['tcp', 'udp'], ['tcp'], ['udp'], ['tcp', 'udp', 'sctp']),
    families: fc.constantFrom(FAMILIES, ['ipv4'] as const, ['ipv6'] as const),
    uplinks: fc.constantFrom('auto' as const, ['eth0'], ['eth0', 'ens*'], ['e*']),
    host: fc.constantFrom('ephemeral', 'all', 'off'),
    hostRange: fc.constantFrom('auto', 'always', 'never'),
    forwarded: fc.constantFrom('leave', 'keep-address', 'masquerade'),
    guard: fc.constantFrom('count', 'drop', 'off'),
    exempt: fc.record({
      destinations: fc.uniqueArray(fc.oneof(subnet4, subnet6), { maxLength: 3 }),
      sourcePorts: fc.array(range, { maxLength: 2 }).map((ranges) => portSet(...ranges)),
    }),
  })
  .map((part) => ({ ...samplePolicy, ...part }));

const network = fc.record({
  engine: fc.constantFrom('docker' as const, 'podman' as const),
  name: fc.constantFrom('a', 'b'),
  bridge: fc.option(hexName, { nil: undefined }),
  subnets: fc.uniqueArray(fc.oneof(subnet4, subnet6), { maxLength: 2 }),
  routed: fc.subarray([...FAMILIES]),
  sourceAddress: fc.constantFrom(undefined, undefined, '10.0.1.11'),
  internal: fc.boolean(),
});

/** Facts of any host. */
export const anyFacts: fc.Arbitrary<HostFacts> = fc
  .record({
    defaultRouteDevices: fc.constantFrom(['eth0'], ['eth0', 'eth1'], []),
    lastUplinks: fc.constantFrom([], ['eth7']),
    networks: fc.array(network, { maxLength: 4 }),
    published: fc.array(
      fc.record({
        address: fc.constantFrom('172.17.0.2', 'fd00:17::2'),
        protocol: fc.constantFrom('tcp' as const, 'udp' as const),
        port: fc.integer({ min: 1, max: 65_535 }),
      }),
      { maxLength: 4 },
    ),
    engineNat: fc.subarray([...FAMILIES]),
  })
  .map((part) => ({ ...sampleFacts, ...part }));
