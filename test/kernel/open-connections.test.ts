import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Guest } from '../../src/lab/bridges.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { remove } from '../../src/reconcile/remove.ts';
import { onEachBackend } from '../support/backends.ts';
import { type FencedTestbed, fencedTestbed, OPEN_ACL } from '../support/fenced-testbed.ts';
import { echoServer, holdConnections } from '../support/held-connections.ts';
import { LAB } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const ROUTED = { ...samplePolicy.containers, routed: ['172.21.0.0/16', 'fd00:172:21::/64'] };
const PORTS = [40_001, 45_002, 50_003, 5_004];

onEachBackend('connections that are open', [...LAB, 'conntrack'], (flavour) => {
  let fenced: FencedTestbed;
  let routed: Guest;
  let masqueraded: Guest;
  const held: { name: string; alive(): Promise<number>; close(): Promise<void> }[] = [];

  beforeEach(async () => {
    fenced = await fencedTestbed(OPEN_ACL, flavour);
    const { testbed } = fenced;
    routed = await (
      await testbed.addBridge({
        name: 'br-00000000aaaa',
        ipv4: '172.21.0.1/16',
        ipv6: 'fd00:172:21::1/64',
        masquerade: false,
      })
    ).addGuest();
    await testbed.router.expect(['ip', 'route', 'add', '172.21.0.0/16', 'via', HOST.ipv4]);
    await testbed.router.expect(['ip', 'route', 'add', 'fd00:172:21::/64', 'via', HOST.ipv6]);
    await echoServer(testbed.peer, 7777);
  });
  afterEach(async () => {
    await Promise.all(held.splice(0).map((one) => one.close()));
    await fenced?.close();
  });

  async function open(name: string, from: Namespace): Promise<void> {
    for (const family of ['ipv4', 'ipv6'] as const) {
      for (const protocol of ['tcp', 'udp'] as const) {
        const host = PEER[family];
        const one = await holdConnections(from, {
          host,
          port: 7777,
          protocol,
          sourcePorts: PORTS.map((port) => port + held.length),
        });
        held.push({ name: `${name} ${protocol} ${family}`, ...one });
      }
    }
  }
  async function expectAllAlive(): Promise<void> {
    const cut: string[] = [];
    for (const one of held) {
      const alive = await one.alive();
      if (alive !== PORTS.length) cut.push(`${one.name}: ${PORTS.length - alive} of ${PORTS.length} cut`);
    }
    expect(cut).toEqual([]);
  }

  test('on a host that tracked nothing live on under the first fence, a dropping guard, and without it', async () => {
    expect(await fenced.testbed.host.expect(['nft', 'list', 'ruleset'])).toBe('');
    await open('host', fenced.testbed.host);
    await open('routed container', routed);
    await expectAllAlive();
    for (const guard of ['count', 'drop'] as const) {
      await fenced.fence({ guard, containers: ROUTED });
      await expectAllAlive();
    }
    await remove(fenced.system, { now: false, say: () => {} });
    await expectAllAlive();
  });

  test('and mapped live on across changes of the fence, and after it', async () => {
    const bridge = { name: 'br-00000000bbbb', ipv4: '172.22.0.1/16', ipv6: 'fd00:172:22::1/64', masquerade: true };
    masqueraded = await (await fenced.testbed.addBridge(bridge)).addGuest();
    await open('masqueraded container before', masqueraded);
    await fenced.fence({ containers: ROUTED });
    await open('host', fenced.testbed.host);
    await open('routed container', routed);
    await open('masqueraded container', masqueraded);
    await expectAllAlive();
    await fenced.fence({ containers: ROUTED, guard: 'drop' });
    await expectAllAlive();
    await fenced.fence({ containers: ROUTED, guard: 'drop', ports: [{ from: 40_000, to: 41_999 }] });
    await expectAllAlive();
    await remove(fenced.system, { now: false, say: () => {} });
    await expectAllAlive();
  });
});
