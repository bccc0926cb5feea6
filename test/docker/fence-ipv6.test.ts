import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { spreadPorts } from '../../src/lab/connections.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { hasPort } from '../../src/ports.ts';
import { type Container, type FencedEngine, fencedEngine } from '../support/fenced-engine.ts';
import { seenFrom, seenText } from '../support/fenced-testbed.ts';
import { ENGINE, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const PROTOCOLS = ['tcp', 'udp'] as const;
const SPREAD = spreadPorts(60, 1024, 65_535);
const SERVICE = 8080;
const SUBNETS = { bridge: 'fd00:d0c::/64', early: 'fd00:77::/64', later: 'fd00:88::/64' } as const;
const FIXED = ['--ipv6', '--fixed-cidr-v6', SUBNETS.bridge];

const ENGINES = [
  // Without ip6tables it is the engine's own proxy that brings in clients over IPv6, from the bridge's address.
  { kind: 'routes', flags: FIXED, seenAs: (container: Container) => container.ipv6, client: 'fd00:d0c::1' },
  {
    kind: 'masquerades',
    flags: [...FIXED, '--experimental', '--ip6tables'],
    seenAs: () => HOST.ipv6,
    client: PEER.ipv6,
  },
];

needs(...ENGINE, 'conntrack')('IPv6 networks', () => {
  describe.each(ENGINES)('of an engine that $kind them', ({ flags, seenAs, client }) => {
    let fenced: FencedEngine;
    const create = (name: 'early' | 'later') =>
      fenced.engine.expect(['network', 'create', '--ipv6', '--subnet', SUBNETS[name], name]);

    beforeAll(async () => {
      fenced = await fencedEngine({ published: [SERVICE] }, { flags });
      for (const subnet of Object.values(SUBNETS))
        await fenced.testbed.router.expect(['ip', 'route', 'add', subnet, 'via', HOST.ipv6]);
      await create('early');
      await fenced.fence();
      await create('later');
      await fenced.testbed.acl.reset();
    });
    afterAll(() => fenced?.close());

    test.each(['bridge', 'early', 'later'] as const)('are fenced: %s', async (network) => {
      const container = await fenced.container('--network', network);
      for (const protocol of PROTOCOLS) {
        const results = await seenFrom(container, SPREAD, { protocol, family: 'ipv6' });
        expect(results.filter(({ seen }) => !seen || !hasPort(samplePolicy.ports, seen.port))).toEqual([]);
        expect(new Set(results.map(({ seen }) => seen?.address))).toEqual(new Set([seenAs(container)]));
      }
      const { inRange, outOfRange } = await fenced.testbed.acl.counters();
      expect(inRange).toBeGreaterThan(SPREAD.length * PROTOCOLS.length);
      expect(outOfRange).toBe(0);
      expect((await fenced.status()).totals).toMatchObject({ leaked: 0, untracked: 0 });
    });

    test.each(PROTOCOLS)(
      'show published ports the client that the engine shows them without a fence (%s)',
      async (protocol) => {
        const server = await fenced.container('--publish', `${SERVICE}:7000/${protocol}`);
        await server.startEchoServers();
        const [result] = await seenFrom(fenced.testbed.peer, [33_333], { protocol, to: HOST.ipv6, port: SERVICE });
        expect(result?.seen?.address).toBe(client);
      },
    );

    test('carry traffic between containers, and ping, as before', async () => {
      const server = await fenced.container('--network', 'early');
      await server.startEchoServers();
      const neighbour = await fenced.container('--network', 'early');
      for (const protocol of PROTOCOLS) {
        const results = await seenFrom(neighbour, [40_003], { protocol, to: server.ipv6 });
        expect(seenText(results)).toEqual([`${neighbour.ipv6} 40003`]);
      }
      const ping = await neighbour.run(['busybox', 'ping', '-6', '-c', '1', '-W', '2', PEER.ipv6]);
      expect(ping.stdout).toContain('1 packets received');
    });

    test('are fenced the same way when somebody has flushed every rule, the engine’s own too', async () => {
      const container = await fenced.container();
      await fenced.testbed.host.expect(['nft', 'flush', 'ruleset']);
      await fenced.fence();
      for (const protocol of PROTOCOLS) {
        const results = await seenFrom(container, [40_007], { protocol, family: 'ipv6' });
        expect(results.map(({ seen }) => seen?.address)).toEqual([seenAs(container)]);
      }
    });
  });
});
