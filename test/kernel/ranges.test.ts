import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Guest } from '../../src/lab/bridges.ts';
import { spreadPorts } from '../../src/lab/connections.ts';
import { mirrorAddress, PEER } from '../../src/lab/topology.ts';
import { observeFlows } from '../../src/observe/conntrack.ts';
import { hasPort, portCount, portSet, rangeText, subtract } from '../../src/ports.ts';
import { onEachBackend } from '../support/backends.ts';
import { type FencedTestbed, fencedTestbed, OPEN_ACL, seenFrom } from '../support/fenced-testbed.ts';
import { echoServer, holdConnections } from '../support/held-connections.ts';
import { LAB } from '../support/needs.ts';

const THREE = portSet({ from: 40_000, to: 40_999 }, { from: 45_000, to: 47_999 }, { from: 50_000, to: 57_999 });
const OUTSIDE = subtract([{ from: 1024, to: 65_535 }], THREE);
const outside = (count: number): readonly number[] =>
  spreadPorts(count * 2, 1024, 65_535)
    .filter((port) => hasPort(OUTSIDE, port))
    .slice(0, count);

onEachBackend('several ranges', [...LAB, 'conntrack'], (flavour) => {
  let fenced: FencedTestbed;
  let guest: Guest;
  beforeEach(async () => {
    fenced = await fencedTestbed({ ...OPEN_ACL, mirrors: 2 }, flavour);
    const bridge = await fenced.testbed.addBridge({
      ...{ name: 'br-0123456789ab', ipv4: '172.18.0.1/16', ipv6: 'fd00:172:18::1/64', masquerade: true },
    });
    guest = await bridge.addGuest();
  });
  afterEach(() => fenced?.close());

  test.each(['ipv4', 'ipv6'] as const)('keep a port that is in one of them (%s)', async (family) => {
    await fenced.fence({ ports: THREE });
    const ports = [40_000, 40_999, 45_000, 46_123, 47_999, 50_000, 57_999];
    for (const [from, to] of [
      [guest, mirrorAddress(0)],
      [fenced.testbed.host, mirrorAddress(1)],
    ] as const) {
      for (const protocol of ['tcp', 'udp'] as const) {
        const results = await seenFrom(from, ports, { family, protocol, to: to[family] });
        expect(results.map(({ seen }) => seen?.port)).toEqual(ports);
      }
    }
  });

  test('share 10,000 ports by their sizes', async () => {
    await fenced.fence({ ports: THREE });
    const wanted = outside(10_000);
    expect(wanted).toHaveLength(10_000);
    await seenFrom(guest, wanted, { protocol: 'udp', to: mirrorAddress(0).ipv4, timeoutMs: 6000 });
    const flows = await observeFlows(fenced.system, ['-p', 'udp', '-s', guest.ipv4]);
    const left = flows.map(({ reply }) => reply.destinationPort);
    expect(left.length).toBe(10_000);
    expect(left.filter((port) => !hasPort(THREE, port))).toEqual([]);
    const deviations = THREE.map((range) => {
      const expected = (left.length * portCount([range])) / portCount(THREE);
      const seen = left.filter((port) => hasPort([range], port)).length;
      return { range: rangeText(range), seen, expected, part: (seen - expected) ** 2 / expected };
    });
    const chiSquare = deviations.reduce((sum, { part }) => sum + part, 0);
    // Two degrees of freedom: above 20 once in 20,000 runs of a fair spread.
    expect(chiSquare, JSON.stringify(deviations)).toBeLessThan(20);
  });

  test('fill to the last ports, each used once, and never leave the ranges', async () => {
    const small = portSet({ from: 40_000, to: 40_099 }, { from: 50_000, to: 50_199 });
    await fenced.fence({ ports: small });
    const server = await echoServer(fenced.testbed.peer, 7777);
    const held = await holdConnections(guest, {
      ...{ host: PEER.ipv4, port: 7777, protocol: 'tcp', sourcePorts: outside(240) },
    });
    expect(await held.alive()).toBe(240);
    const flows = await observeFlows(fenced.system, ['-p', 'tcp', '-s', guest.ipv4]);
    const left = flows.map(({ reply }) => reply.destinationPort);
    expect(new Set(left).size).toBe(left.length);
    expect(left.filter((port) => !hasPort(small, port))).toEqual([]);
    await held.close();
    await server.close();
  });
});
