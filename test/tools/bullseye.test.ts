import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemdTree } from '../../src/lab/systemd-tree.ts';
import { PEER } from '../../src/lab/topology.ts';
import { holdConnections } from '../support/held-connections.ts';
import { LAB, needs } from '../support/needs.ts';
import { expectHangingDropped, expectVerified, type TreeHost, treeHost } from '../support/tree-host.ts';

const PORTS = ['--ports', '49152-61000'];
/** Milliseconds; the first run has to build the tree. */
const BUILD_MS = 600_000;

needs(
  ...LAB,
  'conntrack',
  'debootstrap',
)('the tools of Debian 11', () => {
  let place: TreeHost;
  const host = (...argv: [string, ...string[]]) => place.host(...argv);
  const run = (...args: string[]) => place.run(...args);
  const rules = async () =>
    (await host('nft', 'list', 'ruleset')) + (await host('iptables-save')) + (await host('ip6tables-save'));

  beforeAll(async () => {
    place = await treeHost(await systemdTree('bullseye'), PORTS);
  }, BUILD_MS);
  afterAll(() => place?.close());

  test('are the ones that portfence runs', async () => {
    expect(await host('nft', '--version')).toContain('v0.9.8');
    expect(await host('conntrack', '--version')).toContain('v1.4.6');
    expect(await host('iptables', '--version')).toContain('v1.8.7 (nf_tables)');
  });

  test('hold a fence in iptables for the reason that nft tells, show it, and remove it', async () => {
    expect((await run('apply', ...PORTS)).code).toBe(0);
    expect(await place.status()).toMatchObject({
      ...{ enforced: true, backend: 'iptables', backendVariant: 'nft', drift: [] },
      backendReason: expect.stringMatching(/^nft refuses `.* snat to :49152-61000` in an inet table: .*Protocol error/),
    });
    expect((await run('plan', ...PORTS)).stdout).toBe('');
    expect(await place.inRange(0)).toBe(true);

    await host('nft', 'flush', 'ruleset');
    expect(await place.status()).toMatchObject({ enforced: false });
    expect((await run('apply', ...PORTS)).code).toBe(0);
    expect(await place.status()).toMatchObject({ enforced: true });
    expect(await place.inRange(1)).toBe(true);

    const held = await holdConnections(place.testbed.host, {
      ...{ host: PEER.ipv4, port: 7777, protocol: 'tcp', sourcePorts: [40_100] },
    });
    expect((await run('remove')).stdout).toContain('an empty chain stays while');
    expect(await held.alive()).toBe(1);
    await held.close();
    expect((await run('remove', '--now')).code).toBe(0);
    expect(await rules()).not.toContain('PORTFENCE');
  });

  test('drop a TCP connection that hangs, and leave an answered one', async () => {
    await run('remove', '--now');
    await expectHangingDropped(place, PORTS);
  });

  test('verify that everything leaves in range, name a leak, and leave nothing', async () => {
    await expectVerified(place, PORTS);
    expect(await host('nft', 'list', 'tables')).not.toContain('portfence');
    expect(await rules()).not.toContain('portfence');
  });
});
