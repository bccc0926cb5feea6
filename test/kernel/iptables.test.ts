import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Guest } from '../../src/lab/bridges.ts';
import { spreadPorts } from '../../src/lab/connections.ts';
import { PEER } from '../../src/lab/topology.ts';
import { hasPort } from '../../src/ports.ts';
import { apply } from '../../src/reconcile/apply.ts';
import { fenceStatus } from '../../src/reconcile/fence-status.ts';
import { remove } from '../../src/reconcile/remove.ts';
import { readState, stateFolder } from '../../src/reconcile/state.ts';
import { survey } from '../../src/reconcile/survey.ts';
import type { System } from '../../src/system/system.ts';
import type { Flavour } from '../support/backends.ts';
import { type FencedTestbed, fencedTestbed, OPEN_ACL, seenFrom } from '../support/fenced-testbed.ts';
import { echoServer, holdConnections } from '../support/held-connections.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const BRIDGE = { name: 'br-00000000aaaa', ipv4: '172.21.0.1/16', masquerade: false };
const PORTS = spreadPorts(20, 1024, 65_535);
const flavourOf = (variant: 'nft' | 'legacy', release?: string): Flavour => ({
  name: variant,
  backend: `iptables-${variant}`,
  ...(release === undefined ? {} : { release }),
});

needs(
  ...LAB,
  'conntrack',
  'iptables',
)('iptables', () => {
  let fenced: FencedTestbed;
  afterEach(() => fenced?.close());
  const guestOn = async (spec = BRIDGE): Promise<Guest> => {
    await fenced.testbed.router.run(['ip', 'route', 'add', spec.ipv4.replace('0.1/', '0.0/'), 'via', '10.0.1.10']);
    return (await fenced.testbed.addBridge(spec)).addGuest();
  };
  const inRange = async (guest: Guest) =>
    (await seenFrom(guest, PORTS)).filter(({ seen }) => seen && hasPort(samplePolicy.ports, seen.port)).length;
  const stands = async (system: System, policy = samplePolicy) => {
    const state = await readState(system, await stateFolder(system));
    const found = await survey(system, { policy: () => policy, state });
    return { found, ...(await fenceStatus(system, found, state)) };
  };

  describe.each(['nft', 'legacy'] as const)('of the variant %s', (variant) => {
    const tool = `iptables-${variant}`;
    beforeEach(async () => {
      fenced = await fencedTestbed(OPEN_ACL, flavourOf(variant));
    });

    test('knows a container network that is made later by its interface', async () => {
      await fenced.fence();
      expect(await inRange(await guestOn())).toBe(PORTS.length);
    });

    test('tells a rule that stands above it, and goes above it again', async () => {
      await fenced.fence();
      const guest = await guestOn();
      const above = ['-s', '172.21.0.0/16', '!', '-o', BRIDGE.name, '-j', 'MASQUERADE'];
      await fenced.testbed.host.expect([tool, '-t', 'nat', '-I', 'POSTROUTING', ...above]);
      expect(await inRange(guest)).toBeLessThan(PORTS.length);
      const { enforced, drift, limits } = await stands(fenced.system);
      expect(enforced).toBe(false);
      expect(drift).toContainEqual(
        expect.stringMatching(/iptables nat POSTROUTING: '.*MASQUERADE' stands above the fence/),
      );
      expect(limits.length).toBeGreaterThan(0);
      await fenced.fence();
      expect((await stands(fenced.system)).enforced).toBe(true);
      await fenced.testbed.host.expect(['conntrack', '-F']);
      expect(await inRange(guest)).toBe(PORTS.length);
      expect(await fenced.testbed.host.expect([tool, '-t', 'nat', '-S', 'POSTROUTING'])).toContain('MASQUERADE');
    });

    test.each(['count', 'drop'] as const)('sees a leak from its second packet on: guard %s', async (guard) => {
      await fenced.fence({ guard });
      await fenced.testbed.host.expect([tool, '-t', 'nat', '-F', 'PORTFENCE']);
      await fenced.testbed.peer.expect(['nft', '-f', '-'], {
        input:
          'table inet deaf { chain input { type filter hook input priority 0; tcp dport 7777 drop; udp dport 7777 drop; }; }\n',
      });
      const leaked = async () => (await stands(fenced.system, { ...samplePolicy, guard })).totals.leaked;
      // Each connection tries again after a second: one packet to know it by, one to count.
      await seenFrom(fenced.testbed.host, [40_001, 40_002], { port: 7777, timeoutMs: 1800 });
      expect(await leaked()).toBe(2);
      await seenFrom(fenced.testbed.host, [40_003], { port: 7777, protocol: 'udp', timeoutMs: 300 });
      expect(await leaked()).toBe(2);
    });

    test('takes over from nftables and gives back, with every connection alive', async () => {
      const guest = await guestOn({ ...BRIDGE, masquerade: true });
      const change = (backend: Flavour['backend']) =>
        apply(fenced.system, { policy: () => samplePolicy, say: () => {}, backend });
      const server = await echoServer(fenced.testbed.peer, 7777);
      const held: Awaited<ReturnType<typeof holdConnections>>[] = [];
      for (const [i, backend] of (['nftables', fenced.flavour.backend, 'nftables'] as const).entries()) {
        expect((await change(backend)).changed).toBe(true);
        expect((await change(backend)).changed).toBe(false);
        expect((await stands(fenced.system)).found.backend.id).toBe(backend);
        for (const from of [guest, fenced.testbed.host]) {
          const sourcePorts = [40_100 + i, 50_100 + i];
          held.push(await holdConnections(from, { host: PEER.ipv4, port: 7777, protocol: 'tcp', sourcePorts }));
        }
        expect(await Promise.all(held.map((one) => one.alive()))).toEqual(held.map(() => 2));
        const rules = await fenced.testbed.host.expect(['nft', 'list', 'ruleset']);
        const others = await fenced.testbed.host.expect([`${tool}-save`]);
        expect(rules.includes('table inet portfence')).toBe(backend === 'nftables');
        expect(others.includes('PORTFENCE')).toBe(backend !== 'nftables');
      }
      await Promise.all(held.map((one) => one.close()));
      await server.close();
    });
  });

  test('before Linux 5.7 knows a later network from the next apply on', async () => {
    fenced = await fencedTestbed(OPEN_ACL, flavourOf('legacy', '4.19.0-27-amd64'));
    await fenced.fence();
    const guest = await guestOn();
    expect(await inRange(guest)).toBeLessThan(PORTS.length);
    expect((await fenced.fence()).changed).toBe(true);
    await fenced.testbed.host.expect(['conntrack', '-F']);
    expect(await inRange(guest)).toBe(PORTS.length);
    const { limits } = await stands(fenced.system);
    expect(limits.join(' ')).toContain('Linux 5.7');
  });

  test('is chosen where nft refuses what every fence needs, and its own words are the reason', async () => {
    fenced = await fencedTestbed(OPEN_ACL);
    const { system } = fenced;
    const old: System = {
      ...system,
      run: async (argv, options) =>
        argv[0] === 'unshare' && options?.input?.includes('type nat hook')
          ? { code: 1, stdout: '', stderr: '/dev/stdin:4:1-9: Error: Could not process rule: Operation not supported' }
          : system.run(argv, options),
    };
    const { survey: found } = await apply(old, { policy: () => samplePolicy, say: () => {} });
    expect(found.backend.id).toMatch(/^iptables-/);
    expect(found.backendReason).toBe(
      `nft refuses \`{ type nat hook postrouting priority 50; policy accept; }\` in an inet table: Could not process rule: Operation not supported; the host's own iptables is the nft one`,
    );
    expect((await apply(old, { policy: () => samplePolicy, say: () => {} })).changed).toBe(false);
  });

  test('is chosen where nft is missing, and comes, stands and goes without it', async () => {
    fenced = await fencedTestbed(OPEN_ACL);
    const { system } = fenced;
    const without: System = {
      ...system,
      run: async (argv, options) =>
        argv[0] === 'nft' || argv.at(-1)?.startsWith('cat | nft')
          ? { code: 127, stdout: '', stderr: 'spawn nft ENOENT' }
          : system.run(argv, options),
    };
    const change = () => apply(without, { policy: () => samplePolicy, say: () => {} });
    expect((await change()).survey.backendReason).toContain('nft is missing');
    expect((await change()).changed).toBe(false);
    expect((await stands(without)).enforced).toBe(true);
    expect(await remove(without, { now: true, say: () => {} })).toMatchObject({ changed: true, draining: 0 });
    expect(await fenced.testbed.host.expect(['iptables-save'])).not.toContain('PORTFENCE');
  });
});
