import { afterEach, describe, expect, test } from 'vitest';
import { spreadPorts } from '../../src/lab/connections.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { hasPort } from '../../src/ports.ts';
import { type Container, type FencedEngine, fencedEngine } from '../support/fenced-engine.ts';
import { seenFrom } from '../support/fenced-testbed.ts';
import { echoServer, holdConnections } from '../support/held-connections.ts';
import { ENGINE, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const SPREAD = spreadPorts(40, 1024, 65_535);
const SUBNET = 'fd00:d0c::/64';
const BOTH_FAMILIES = ['--ipv6', '--fixed-cidr-v6', SUBNET];

needs(...ENGINE, 'conntrack')('an engine and a fence that come and go on their own', () => {
  let fenced: FencedEngine;
  afterEach(() => fenced?.close());

  /** The one address that the peer sees; every port that it sees has to be allowed. */
  async function fencedAddress(container: Container, family: 'ipv4' | 'ipv6' = 'ipv4'): Promise<string | undefined> {
    const results = await seenFrom(container, SPREAD, { family });
    expect(results.filter(({ seen }) => !seen || !hasPort(samplePolicy.ports, seen.port))).toEqual([]);
    const addresses = new Set(results.map(({ seen }) => seen?.address));
    expect(addresses.size).toBe(1);
    return [...addresses][0];
  }

  describe('when the fence is there before the engine', () => {
    test('IPv4 is fenced from the first container on, and IPv6 that is routed as well', async () => {
      fenced = await fencedEngine({ fenceFirst: true }, { flags: BOTH_FAMILIES });
      await fenced.testbed.router.expect(['ip', 'route', 'add', SUBNET, 'via', HOST.ipv6]);
      const container = await fenced.container();
      expect(await fencedAddress(container)).toBe(HOST.ipv4);
      expect(await fencedAddress(container, 'ipv6')).toBe(HOST.ipv6); // Until it is known that nothing translates it.
      expect((await fenced.fence()).changed).toBe(true);
      expect(await fencedAddress(container, 'ipv6')).toBe(container.ipv6);
    });

    test('IPv6 that the engine masquerades is masqueraded before the next apply, and after it', async () => {
      fenced = await fencedEngine({ fenceFirst: true }, { flags: [...BOTH_FAMILIES, '--experimental', '--ip6tables'] });
      const container = await fenced.container();
      expect(await fencedAddress(container)).toBe(HOST.ipv4);
      expect(await fencedAddress(container, 'ipv6')).toBe(HOST.ipv6);
      await fenced.fence();
      expect(await fencedAddress(container, 'ipv6')).toBe(HOST.ipv6);
    });
  });

  test("connections outlive the engine's restart where it leaves containers running", async () => {
    fenced = await fencedEngine({}, { flags: ['--live-restore'] });
    await fenced.fence();
    await echoServer(fenced.testbed.peer, 7777);
    const container = await fenced.container();
    const to = { host: PEER.ipv4, port: 7777, protocol: 'tcp', sourcePorts: [5_001, 40_001, 50_001] } as const;
    const held = await holdConnections(container, to);
    for (const step of [async () => {}, fenced.engine.stop, fenced.engine.start]) {
      await step();
      expect(await held.alive()).toBe(to.sourcePorts.length);
    }
    expect(await fencedAddress(container)).toBe(HOST.ipv4);
    expect(await fenced.status()).toMatchObject({ enforced: true, totals: { leaked: 0, untracked: 0 } });
    await held.close();
  });

  test('containers of a swarm that begins later are fenced, on an overlay network', async () => {
    fenced = await fencedEngine();
    await fenced.fence();
    await fenced.engine.expect(['swarm', 'init', '--advertise-addr', HOST.ipv4]);
    await fenced.engine.expect(['network', 'create', '--driver', 'overlay', '--attachable', 'mesh']);
    expect(await fencedAddress(await fenced.container('--network', 'mesh'))).toBe(HOST.ipv4);
    expect((await fenced.testbed.acl.counters()).outOfRange).toBe(0);
    expect((await fenced.status()).totals).toMatchObject({ leaked: 0, untracked: 0 });
  });
});
