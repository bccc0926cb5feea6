import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Guest } from '../../src/lab/bridges.ts';
import { openConnections, type Probe, type ProbeResult } from '../../src/lab/connections.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { HOST, mirrorAddress } from '../../src/lab/topology.ts';
import { locate } from '../../src/plan/locate.ts';
import { walk } from '../../src/plan/walk.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { FAMILIES, type Family, hasPort, type Protocol, portSet, portsText } from '../../src/ports.ts';
import { onEachBackend } from '../support/backends.ts';
import { type FencedTestbed, fencedTestbed, OPEN_ACL } from '../support/fenced-testbed.ts';
import { LAB } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const RUNS = 24;
const FLOWS = 14;

const range = fc
  .tuple(fc.integer({ min: 1024, max: 65_000 }), fc.integer({ min: 80, max: 9000 }))
  .map(([from, size]) => ({
    from,
    to: Math.min(65_535, from + size),
  }));
const anyPolicy: fc.Arbitrary<Partial<Policy>> = fc.record({
  ports: fc.array(range, { minLength: 1, maxLength: 3 }).map((ranges) => portSet(...ranges)),
  protocols: fc.constantFrom<readonly Protocol[]>(['tcp', 'udp'], ['tcp', 'udp'], ['tcp'], ['udp']),
  families: fc.constantFrom(FAMILIES, FAMILIES, ['ipv4'] as const, ['ipv6'] as const),
  host: fc.constantFrom('ephemeral', 'all', 'off'),
  forwarded: fc.constantFrom('leave', 'keep-address', 'masquerade'),
  guard: fc.constantFrom('count', 'drop', 'off'),
  exempt: fc.record({
    destinations: fc.constantFrom([], ['203.0.113.12/32', 'fd00:2::12/128']),
    sourcePorts: fc.constantFrom([], [{ from: 40_000, to: 44_999 }]),
  }),
});
const ORIGINS = ['host', 'container', 'routed', 'vm'] as const;
const anyFlow = fc.record({
  origin: fc.constantFrom(...ORIGINS),
  protocol: fc.constantFrom('tcp', 'udp'),
  family: fc.constantFrom(...FAMILIES),
  sourcePort: fc.oneof(fc.integer({ min: 1025, max: 65_535 }), fc.integer({ min: 32_768, max: 60_999 })),
  mirror: fc.integer({ min: 0, max: 3 }),
});
/**
 * Two equal flows would be one connection, also of different origins: once both have the host's address, whoever translates the
 * second one, the testbed's own masquerade included, has to give it another port.
 */
const anyFlows = fc.uniqueArray(anyFlow, {
  minLength: FLOWS,
  maxLength: FLOWS,
  selector: ({ origin: _, ...connection }) => JSON.stringify(connection),
});

onEachBackend('explain', [...LAB, 'conntrack'], (flavour) => {
  let fenced: FencedTestbed;
  const guests = new Map<string, Guest>();
  const ends = ({ origin, family, mirror }: { origin: string; family: Family; mirror: number }) => ({
    source: guests.get(origin)?.[family] ?? HOST[family],
    destination: mirrorAddress(mirror)[family],
  });

  beforeAll(async () => {
    fenced = await fencedTestbed({ ...OPEN_ACL, mirrors: 4 }, flavour);
    for (const [origin, name, net] of [
      ['container', 'br-00000000aaaa', 21],
      ['routed', 'br-00000000bbbb', 22],
      ['vm', 'virbr0', 23],
    ] as const) {
      const spec = {
        name,
        ipv4: `172.${net}.0.1/16`,
        ipv6: `fd00:172:${net}::1/64`,
        masquerade: origin === 'container',
      };
      guests.set(origin, await (await fenced.testbed.addBridge(spec)).addGuest());
      await fenced.testbed.router.expect(['ip', 'route', 'add', `172.${net}.0.0/16`, 'via', HOST.ipv4]);
      await fenced.testbed.router.expect(['ip', 'route', 'add', `fd00:172:${net}::/64`, 'via', HOST.ipv6]);
    }
  });
  afterAll(() => fenced?.close());

  test('names the set in which the port lies that the kernel chooses, for random policies and packets', async () => {
    await fc.assert(
      fc.asyncProperty(anyPolicy, anyFlows, async (part, flows) => {
        const containers = { ...samplePolicy.containers, routed: ['172.22.0.0/16', 'fd00:172:22::/64'] };
        const { survey } = await fenced.fence({ ...part, containers });
        // A flow of an earlier run that the kernel still knows would keep the mapping that it had then.
        await fenced.testbed.host.expect(['conntrack', '-F']);
        const results = new Map<(typeof flows)[number], ProbeResult | undefined>();
        await Promise.all(
          ORIGINS.map(async (origin) => {
            const own = flows.filter((flow) => flow.origin === origin);
            const probes = own.map(({ protocol, sourcePort, ...flow }): Probe => {
              const { source, destination } = ends(flow);
              return {
                protocol,
                to: { host: destination, port: ECHO_ADDRESS_PORT },
                from: source,
                sourcePorts: [sourcePort],
                timeoutMs: 12_000,
              };
            });
            const seen = await openConnections(guests.get(origin) ?? fenced.testbed.host, probes);
            for (const [i, flow] of own.entries()) results.set(flow, seen[i]);
          }),
        );
        for (const flow of flows) {
          const { source, destination } = ends(flow);
          const { protocol, sourcePort } = flow;
          const opened = { protocol, source, sourcePort, destination, destinationPort: ECHO_ADDRESS_PORT };
          const packet = locate(opened, survey.facts, survey.plan);
          if (!packet) throw new Error(`explain does not know where ${source} is`);
          const { fate } = walk(survey.plan, packet);
          const result = results.get(flow);
          if (result?.error === 'EADDRINUSE') continue;
          const port = result?.seen?.port ?? 0;
          const allowed = fate.do === 'map' ? fate.ports : portSet({ from: sourcePort, to: sourcePort });
          const words = `${JSON.stringify({ part, flow })}: ${port} is not among ${portsText(allowed)}`;
          expect(hasPort(allowed, port), words).toBe(true);
          if (fate.do === 'map' && fate.address.mode === 'masquerade') {
            expect(result?.seen?.address).toBe(HOST[flow.family]);
          } else if (flow.origin !== 'container') expect(result?.seen?.address).toBe(source);
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 180_000);
});
