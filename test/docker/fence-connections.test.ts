import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Namespace } from '../../src/lab/namespace.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { remove } from '../../src/reconcile/remove.ts';
import { type Container, type FencedEngine, fencedEngine } from '../support/fenced-engine.ts';
import { OPEN_ACL } from '../support/fenced-testbed.ts';
import { echoServer, holdConnections } from '../support/held-connections.ts';
import { ENGINE, needs } from '../support/needs.ts';

const ECHO = 7777;
const SUBNET = 'fd00:d0c::/64';
const FIXED = ['--ipv6', '--fixed-cidr-v6', SUBNET];
const KINDS = (['ipv4', 'ipv6'] as const).flatMap((family) =>
  (['tcp', 'udp'] as const).map((protocol) => ({ family, protocol })),
);
const OTHER_PORTS = { ports: [{ from: 40_000, to: 41_999 }], guard: 'drop' } as const;
const ENGINES = [
  { kind: 'routes IPv6', flags: FIXED },
  { kind: 'masquerades IPv6', flags: [...FIXED, '--experimental', '--ip6tables'] },
];

interface Open {
  readonly name: string;
  alive(): Promise<number>;
}

needs(...ENGINE, 'conntrack')('connections that are open in containers and on their host', () => {
  describe.each(ENGINES)('with an engine that $kind', ({ flags }) => {
    let fenced: FencedEngine;
    let container: Container;
    const open: Open[] = [];

    beforeAll(async () => {
      fenced = await fencedEngine(OPEN_ACL, { flags });
      await fenced.testbed.router.expect(['ip', 'route', 'add', SUBNET, 'via', HOST.ipv6]);
      await echoServer(fenced.testbed.peer, ECHO);
      container = await fenced.container();
    });
    afterAll(async () => {
      await fenced?.close();
    });

    /** Four connections of each kind; sets that are opened at different times need ports of their own. */
    async function openAll(when: string, firstPort: number): Promise<void> {
      const places: readonly (readonly [string, Pick<Namespace, 'enter'>])[] = [
        ['container', container],
        ['host', fenced.testbed.host],
      ];
      for (const [place, from] of places) {
        for (const { family, protocol } of KINDS) {
          const sourcePorts = [5_000, 40_000, 45_000, 50_000].map((port) => port + firstPort);
          const held = await holdConnections(from, { host: PEER[family], port: ECHO, protocol, sourcePorts });
          fenced.testbed.onClose(held.close);
          open.push({ name: `${place}, ${protocol} over ${family}, opened ${when}`, alive: held.alive });
        }
      }
    }

    async function expectAllAlive(): Promise<void> {
      const alive = await Promise.all(open.map(async (one) => `${one.name}: ${await one.alive()} of 4`));
      expect(alive).toEqual(open.map(({ name }) => `${name}: 4 of 4`));
    }

    test('live on under the first fence', async () => {
      await openAll('before it', 1);
      await expectAllAlive();
      await fenced.fence();
      await expectAllAlive();
    });

    test('live on while a new policy takes other ports and drops what leaves out of range', async () => {
      await openAll('under the first', 101);
      await fenced.fence({ guard: 'drop' });
      await expectAllAlive();
      await fenced.fence(OTHER_PORTS);
      await expectAllAlive();
      const { enforced, totals } = await fenced.status(OTHER_PORTS);
      expect(enforced).toBe(true);
      expect(totals.leaked).toBe(0);
      expect(totals.preexisting).toBeGreaterThan(0);
    });

    test('live on when it is removed, and when it comes back', async () => {
      await openAll('under the second', 201);
      await remove(fenced.system, { now: false, say: () => {} });
      await expectAllAlive();
      await openAll('without one', 301);
      await fenced.fence({ guard: 'drop' });
      await expectAllAlive();
    });
  });
});
