import { afterAll, beforeAll, expect, test } from 'vitest';
import { spreadPorts } from '../../src/lab/connections.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { hasPort, portSet } from '../../src/ports.ts';
import { type Container, type FencedEngine, fencedEngine } from '../support/fenced-engine.ts';
import { seenFrom, seenText } from '../support/fenced-testbed.ts';
import { ENGINE, needs } from '../support/needs.ts';

const THREE = portSet({ from: 20_000, to: 20_999 }, { from: 40_000, to: 43_999 }, { from: 60_000, to: 64_999 });
const INSIDE = [20_000, 20_500, 40_000, 43_999, 60_001, 64_999];
const SPREAD = spreadPorts(200, 1024, 65_535);
const PROTOCOLS = ['tcp', 'udp'] as const;
const UPLINKS = [
  { uplink: 'eth0', to: PEER.ipv4, address: HOST.ipv4 },
  { uplink: 'eth1', to: PEER.second.ipv4, address: HOST.second.ipv4 },
];
const KINDS = UPLINKS.flatMap((way) => PROTOCOLS.map((protocol) => ({ ...way, protocol })));

needs(...ENGINE, 'conntrack')('three ranges on a host with two uplinks', () => {
  let fenced: FencedEngine;
  let container: Container;
  beforeAll(async () => {
    fenced = await fencedEngine({ allowed: THREE, uplinks: 2 });
    await fenced.engine.expect(['network', 'create', 'shop_default']);
    container = await fenced.container('--network', 'shop_default');
    await fenced.fence({ ports: THREE });
    await fenced.testbed.acl.reset();
  });
  afterAll(() => fenced?.close());

  test.each(KINDS)('keep a port that is in one of them ($protocol by $uplink)', async ({ to, address, protocol }) => {
    const results = await seenFrom(container, INSIDE, { protocol, to });
    expect(seenText(results)).toEqual(INSIDE.map((port) => `${address} ${port}`));
  });

  test.each(KINDS)('take in every other port ($protocol by $uplink)', async ({ to, address, protocol }) => {
    for (const from of [container, await fenced.container()]) {
      const results = await seenFrom(from, SPREAD, { protocol, to });
      expect(results.filter(({ seen }) => seen?.address !== address || !hasPort(THREE, seen.port))).toEqual([]);
      const used = THREE.filter((range) => results.some(({ seen }) => seen && hasPort([range], seen.port)));
      expect(used).toEqual(THREE);
    }
  });

  test('let nothing out beside them', async () => {
    const { cells, outOfRange } = await fenced.testbed.acl.counters();
    expect(outOfRange).toBe(0);
    expect(cells.flatMap(({ strayPorts }) => strayPorts)).toEqual([]);
    expect(cells.reduce((sum, { sourcePorts }) => sum + sourcePorts.length, 0)).toBeGreaterThan(SPREAD.length);
    expect((await fenced.status({ ports: THREE })).totals).toMatchObject({ leaked: 0, untracked: 0 });
  });
});
