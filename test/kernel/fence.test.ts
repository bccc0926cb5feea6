import { afterAll, beforeAll, expect, test } from 'vitest';
import { apply } from '../../src/apply/apply.ts';
import { openConnections, type Probe, spreadPorts } from '../../src/lab/connections.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { TELL_PORT } from '../../src/lab/peer-servers.ts';
import { PEER } from '../../src/lab/topology.ts';
import { buildWorld, type World } from '../../src/lab/world.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { hasPort } from '../../src/ports.ts';
import type { System } from '../../src/system/system.ts';
import { asFlavour, onEachBackend } from '../support/backends.ts';
import { namespacedSystem } from '../support/namespaced-system.ts';
import { LAB } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const EVERY_KIND = (['tcp', 'udp'] as const).flatMap((protocol) =>
  [PEER.ipv4, PEER.ipv6].map((host) => ({ protocol, host })),
);

function probes(sourcePorts: Probe['sourcePorts']): Probe[] {
  return EVERY_KIND.map(({ protocol, host }) => ({
    protocol,
    to: { host, port: TELL_PORT },
    sourcePorts,
    timeoutMs: 4000,
  }));
}

onEachBackend(
  'the fence',
  [...LAB, 'conntrack'],
  (flavour) => {
    let world: World;
    let system: System & { close(): Promise<void> };
    let container: Namespace & { ipv4: string };
    const fence = (policy: Partial<Policy> = {}) =>
      apply(system, { policy: () => ({ ...samplePolicy, ...policy }), say: () => {}, backend: flavour.backend });

    beforeAll(async () => {
      world = await buildWorld({ allowed: samplePolicy.ports });
      system = asFlavour(await namespacedSystem(world.host), flavour);
      const bridge = await world.addBridge({
        name: 'br-0123456789ab',
        ipv4: '172.18.0.1/16',
        ipv6: 'fd00:172:18::1/64',
        masquerade: true,
      });
      container = await bridge.addGuest();
    });
    afterAll(async () => {
      await world?.close();
      await system?.close();
    });

    test('lets every connection through, whatever port it began with', async () => {
      const { changed, survey } = await fence();
      expect(changed).toBe(true);
      expect(survey.present).toBeUndefined();
      for (const [from, ports] of [
        [world.host, spreadPorts(60)],
        [container, spreadPorts(60, 1024, 65_535)],
      ] as const) {
        await world.acl.reset();
        const results = await openConnections(from, probes(ports));
        expect(results.filter(({ outcome }) => outcome !== 'answered')).toEqual([]);
        expect(results.every(({ seen }) => seen && hasPort(samplePolicy.ports, seen.port))).toBe(true);
        const { cells } = await world.acl.counters();
        expect(cells.map(({ outOfRange }) => outOfRange).filter((packets) => packets > 0)).toEqual([]);
      }
    });

    test('is not sent again when it stands, and keeps its counters when it changes', async () => {
      const again = await fence();
      expect(again.changed).toBe(false);
      expect(again.survey.script).toEqual([]);
      const confined = () =>
        again.survey.present?.counters.find(({ name }) => name === 'confined_containers_ipv4_tcp')?.packets;
      const before = confined();
      expect(before).toBeGreaterThan(20);
      const changed = await fence({ guard: 'drop' });
      expect(changed.changed).toBe(true);
      const after = (await fence({ guard: 'drop' })).survey.present?.counters.find(
        ({ name }) => name === 'confined_containers_ipv4_tcp',
      )?.packets;
      expect(after).toBe(before);
    });
  },
  { old: true },
);
