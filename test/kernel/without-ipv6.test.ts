import { afterEach, beforeEach, expect, test } from 'vitest';
import { PEER } from '../../src/lab/topology.ts';
import { hasPort } from '../../src/ports.ts';
import { apply } from '../../src/reconcile/apply.ts';
import { fenceStatus } from '../../src/reconcile/fence-status.ts';
import { remove } from '../../src/reconcile/remove.ts';
import { readState, stateFolder } from '../../src/reconcile/state.ts';
import { survey } from '../../src/reconcile/survey.ts';
import type { Argv, CommandResult, System } from '../../src/system/system.ts';
import { verify } from '../../src/verify/verify.ts';
import { onEachBackend } from '../support/backends.ts';
import { type FencedTestbed, fencedTestbed, OPEN_ACL, seenFrom } from '../support/fenced-testbed.ts';
import { LAB } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const OFF = ['net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1'];
const OF_IPV6 = /^\/proc\/sys\/net\/ipv6\/|^\/proc\/net\/(?:if_inet6|tcp6|udp6|ip6_tables_names)$/;
const refused = (code: number, stderr: string): CommandResult => ({ code, stdout: '', stderr });

/** As a kernel answers that was booted with ipv6.disable=1 (seen on Linux 6.1 with iptables 1.8.9, iproute2 6.1 and procps 4.0). */
function bootedWithout(system: System): System {
  const answer = (argv: Argv): CommandResult | undefined => {
    const words = argv.join(' ');
    if (/ip6tables-legacy-restore/.test(words))
      return refused(
        2,
        "ip6tables-restore v1.8.9 (legacy): ip6tables-restore: unable to initialize table 'nat'\nError occurred at line: 2\n",
      );
    if (/ip6tables-legacy/.test(words))
      return refused(
        1,
        'ip6tables-save v1.8.9 (legacy): Cannot initialize: Address family not supported by protocol\n',
      );
    if (/sysctl (?!-e ).*net\.ipv6\./.test(words))
      return refused(1, 'sysctl: cannot stat /proc/sys/net/ipv6/conf/all/forwarding: No such file or directory\n');
    return undefined;
  };
  return {
    ...system,
    run: async (argv, options) => answer(argv) ?? system.run(argv, options),
    readText: async (path, most) => (OF_IPV6.test(path) ? undefined : system.readText(path, most)),
  };
}

onEachBackend('a host without IPv6', [...LAB, 'conntrack'], ({ name, backend }) => {
  let fenced: FencedTestbed;
  beforeEach(async () => {
    fenced = await fencedTestbed(OPEN_ACL, { name, backend });
    await fenced.testbed.host.expect(['sysctl', '-qw', ...OFF]);
  });
  afterEach(() => fenced?.close());

  test.each(['switched off', 'absent from its kernel'])('is fenced, verified and released: %s', async (how) => {
    const system = how === 'switched off' ? fenced.system : bootedWithout(fenced.system);
    const policy = () => samplePolicy;
    const change = () => apply(system, { policy, say: () => {}, backend });
    expect((await change()).changed).toBe(true);
    expect((await change()).changed).toBe(false);
    const state = await readState(system, await stateFolder(system));
    const found = await survey(system, { policy, state });
    const { enforced, limits } = await fenceStatus(system, found, state);
    expect(enforced).toBe(true);
    expect(limits.some((limit) => limit.includes('this kernel has no ipv6'))).toBe(
      backend === 'iptables-legacy' && how !== 'switched off',
    );
    const seen = await seenFrom(fenced.testbed.host, [40_001, 40_002], { to: PEER.ipv4 });
    expect(seen.map(({ seen }) => seen && hasPort(samplePolicy.ports, seen.port))).toEqual([true, true]);
    const verified = await verify(system, { policy, connections: 20, compare: true, say: () => {} });
    expect(verified).toMatchObject({ ok: true, notes: [expect.stringContaining('no IPv6 route')] });
    await remove(system, { now: true, say: () => {} });
    expect(await fenced.testbed.host.expect(['nft', 'list', 'ruleset'])).not.toMatch(/portfence/i);
    expect(await fenced.testbed.host.expect(['iptables-legacy-save'])).not.toContain('PORTFENCE');
  });
});
