import { afterAll, beforeAll, expect, test } from 'vitest';
import { spreadPorts } from '../../src/lab/connections.ts';
import { hasPort } from '../../src/ports.ts';
import { BUILDERS, build, MIRRORS } from '../support/builds.ts';
import { type FencedEngine, fencedEngine } from '../support/fenced-engine.ts';
import { seenFrom } from '../support/fenced-testbed.ts';
import { ENGINE, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const PROTOCOLS = ['tcp', 'udp'] as const;
const SPREAD = spreadPorts(40, 1024, 65_535);

needs(...ENGINE, 'conntrack')('the fence of a host whose other rules come and go', () => {
  let fenced: FencedEngine;
  const table = () => fenced.onHost('nft', '--stateless', 'list', 'table', 'inet', 'portfence');

  /** Every connection of a container on each network comes through, whatever port it began with. */
  async function expectInRange(...networks: string[]): Promise<void> {
    await fenced.testbed.acl.reset();
    for (const network of networks) {
      const container = await fenced.container('--network', network);
      for (const protocol of PROTOCOLS) {
        const results = await seenFrom(container, SPREAD, { protocol });
        // Docker's own resolver listens on a random port inside containers, which may be one of these.
        const tried = results.filter(({ error }) => error !== 'EADDRINUSE');
        expect(tried.length).toBeGreaterThanOrEqual(SPREAD.length - 1);
        expect(tried.filter(({ seen }) => !seen || !hasPort(samplePolicy.ports, seen.port))).toEqual([]);
      }
    }
    const { inRange, outOfRange } = await fenced.testbed.acl.counters();
    expect(inRange).toBeGreaterThanOrEqual(networks.length * PROTOCOLS.length * SPREAD.length);
    expect(outOfRange).toBe(0);
  }

  /** The same, and the fence is as planned. */
  async function expectFenced(...networks: string[]): Promise<void> {
    await expectInRange(...networks);
    const { enforced, drift, totals, natBeforeOurs } = await fenced.status();
    expect({ enforced, drift, natBeforeOurs }).toEqual({ enforced: true, drift: [], natBeforeOurs: [] });
    expect(totals).toMatchObject({ leaked: 0, untracked: 0 });
  }

  beforeAll(async () => {
    fenced = await fencedEngine({ mirrors: MIRRORS });
    await fenced.engine.expect(['network', 'create', 'shop_default']);
    await fenced.fence();
  });
  afterAll(() => fenced?.close());

  test('stands through a restart of dockerd, and builds go through after it', async () => {
    const before = await table();
    await fenced.engine.restart();
    expect(await table()).toBe(before);
    expect((await fenced.fence()).changed).toBe(false);
    await fenced.testbed.acl.reset();
    for (const built of await Promise.all(BUILDERS.map((builder) => build(fenced.engine, builder))))
      expect(built.arrived, built.words).toBe(MIRRORS);
    await expectFenced('bridge', 'shop_default');
  });

  test('stands while dockerd is stopped', async () => {
    const before = await table();
    await fenced.engine.stop();
    expect(await table()).toBe(before);
    expect((await fenced.status()).drift).toEqual([]);
    await fenced.engine.start();
    await expectFenced('bridge', 'shop_default');
  });

  test("keeps containers in range when the engine's NAT rules are flushed, and on a network made after that", async () => {
    for (const command of ['iptables', 'ip6tables']) await fenced.onHost(command, '-t', 'nat', '-F');
    expect(await fenced.onHost('iptables', '-t', 'nat', '-S', 'POSTROUTING')).not.toContain('MASQUERADE');
    await expectInRange('bridge', 'shop_default');
    await fenced.fence();
    await expectFenced('bridge', 'shop_default');
    await fenced.engine.expect(['network', 'create', 'after_flush']);
    await expectInRange('bridge', 'shop_default', 'after_flush');
    await fenced.fence();
    await expectFenced('bridge', 'shop_default', 'after_flush');
  });
});
