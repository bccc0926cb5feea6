import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOST, mirrorAddress, PEER } from '../../src/lab/topology.ts';
import { hasPort } from '../../src/ports.ts';
import { type Container, type FencedEngine, fencedEngine } from '../support/fenced-engine.ts';
import { seenFrom, seenText } from '../support/fenced-testbed.ts';
import { echoServer, holdConnections } from '../support/held-connections.ts';
import { ENGINE, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const PROTOCOLS = ['tcp', 'udp'] as const;
const SERVICE = 8080;
const SIP = 5060;
const ECHO = 7777;
const CLIENTS = [1025, 33_333, 65_000];
const ports = (outer: number, inner: number) =>
  PROTOCOLS.flatMap((protocol) => ['--publish', `${outer}:${inner}/${protocol}`]);

const ENGINES = [
  { proxy: 'with the userland proxy', flags: [] },
  { proxy: 'without the userland proxy', flags: ['--userland-proxy=false'] },
];

needs(...ENGINE, 'conntrack')('published ports', () => {
  describe.each(ENGINES)('of an engine $proxy', ({ flags }) => {
    let fenced: FencedEngine;
    let server: Container;
    let neighbour: Container;
    /** How the server sees a container that goes through the host's own address. */
    const hairpin = async () =>
      (
        await Promise.all(
          PROTOCOLS.map((protocol) => seenFrom(neighbour, [40_010], { protocol, to: HOST.ipv4, port: SERVICE })),
        )
      ).flatMap(seenText);
    let hairpinBefore: readonly string[];

    beforeAll(async () => {
      fenced = await fencedEngine({ published: [SERVICE, SIP, ECHO] }, { flags });
      server = await fenced.container(...ports(SERVICE, 7000), ...ports(ECHO, ECHO));
      neighbour = await fenced.container();
      await Promise.all([server.startEchoServers(), echoServer(server, ECHO, { addresses: [server.ipv4] })]);
      hairpinBefore = await hairpin();
      await fenced.onHost('conntrack', '-F');
      await fenced.fence();
    });
    afterAll(() => fenced?.close());

    test.each(PROTOCOLS)("show the client's real address and port to the container (%s)", async (protocol) => {
      const results = await seenFrom(fenced.testbed.peer, CLIENTS, { protocol, to: HOST.ipv4, port: SERVICE });
      expect(seenText(results)).toEqual(CLIENTS.map((port) => `${PEER.ipv4} ${port}`));
    });

    test('are reached from a neighbour through the host as before', async () => {
      expect(hairpinBefore.filter((text) => !/^\d+\.\d+\.\d+\.\d+ \d+$/.test(text))).toEqual([]);
      const withoutPort = (texts: readonly string[]) => texts.map((text) => text.split(' ')[0]);
      expect(withoutPort(await hairpin())).toEqual(withoutPort(hairpinBefore));
    });

    test.each(PROTOCOLS)('go on with their clients when connection tracking is flushed (%s)', async (protocol) => {
      const to = { host: HOST.ipv4, port: ECHO, protocol, sourcePorts: CLIENTS };
      const held = await holdConnections(fenced.testbed.peer, to);
      expect(await held.alive()).toBe(CLIENTS.length);
      await fenced.onHost('conntrack', '-F');
      expect(await held.alive()).toBe(CLIENTS.length);
      await held.close();
    });
  });

  describe('of a server that speaks first', () => {
    let fenced: FencedEngine;
    let server: Container;
    beforeAll(async () => {
      fenced = await fencedEngine({ published: [SIP], mirrors: 1 });
      await fenced.fence();
      server = await fenced.container('--publish', `${SIP}:${SIP}/udp`);
    });
    afterAll(() => fenced?.close());

    test('keep their port once the fence knows of them, whatever connection tracking has forgotten', async () => {
      const call = async () => (await seenFrom(server, [SIP], { protocol: 'udp' }))[0]?.seen;
      const unknown = await call();
      expect(unknown && hasPort(samplePolicy.ports, unknown.port)).toBe(true);
      expect((await fenced.status()).drift).toContain('set published_ipv4 is missing');
      expect((await fenced.fence()).changed).toBe(true);
      await fenced.onHost('conntrack', '-F');
      expect(await call()).toEqual({ address: HOST.ipv4, port: SIP });
      expect(await fenced.status()).toMatchObject({ enforced: true, totals: { leaked: 0 } });
    });

    test('are fenced again when the container is gone and another one has its address', async () => {
      await fenced.engine.expect(['rm', '--force', server.id]);
      await fenced.fence();
      const next = await fenced.container();
      expect(next.ipv4).toBe(server.ipv4);
      const [result] = await seenFrom(next, [SIP], { protocol: 'udp', to: mirrorAddress(0).ipv4 });
      expect(result?.seen && hasPort(samplePolicy.ports, result.seen.port)).toBe(true);
    });
  });
});
