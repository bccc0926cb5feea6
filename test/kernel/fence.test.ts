import { afterAll, beforeAll, expect, test } from 'vitest';
import { openConnections, type Probe, spreadPorts } from '../../src/lab/connections.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { PEER } from '../../src/lab/topology.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { hasPort } from '../../src/ports.ts';
import { apply } from '../../src/reconcile/apply.ts';
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
    to: { host, port: ECHO_ADDRESS_PORT },
    sourcePorts,
    timeoutMs: 4000,
  }));
}

onEachBackend(
  'the fence',
  [...LAB, 'conntrack'],
  (flavour) => {
    let testbed: Testbed;
    let system: System & { close(): Promise<void> };
    let container: Namespace & { ipv4: string };
    const fence = (policy: Partial<Policy> = {}) =>
      apply(system, { policy: () => ({ ...samplePolicy, ...policy }), say: () => {}, backend: flavour.backend });

    beforeAll(async () => {
      testbed = await buildTestbed({ allowed: samplePolicy.ports });
      system = asFlavour(await namespacedSystem(testbed.host), flavour);
      const bridge = await testbed.addBridge({
        name: 'br-0123456789ab',
        ipv4: '172.18.0.1/16',
        ipv6: 'fd00:172:18::1/64',
        masquerade: true,
      });
      container = await bridge.addGuest();
    });
    afterAll(async () => {
      await testbed?.close();
      await system?.close();
    });

    test('lets every connection through, whatever port it began with', async () => {
      const { changed, survey } = await fence();
      expect(changed).toBe(true);
      expect(survey.present).toBeUndefined();
      for (const [from, ports] of [
        [testbed.host, spreadPorts(60)],
        [container, spreadPorts(60, 1024, 65_535)],
      ] as const) {
        await testbed.acl.reset();
        const results = await openConnections(from, probes(ports));
        expect(results.filter(({ outcome }) => outcome !== 'answered')).toEqual([]);
        expect(results.every(({ seen }) => seen && hasPort(samplePolicy.ports, seen.port))).toBe(true);
        const { cells } = await testbed.acl.counters();
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
