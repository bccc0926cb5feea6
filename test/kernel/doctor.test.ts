import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

interface Finding {
  readonly check: string;
  readonly severity: string;
  readonly evidence: readonly string[];
  readonly remedy: string;
}

needs(
  ...LAB,
  'conntrack',
  'iptables',
)('portfence doctor', () => {
  let testbed: Testbed;
  let portfence: CommandLine;

  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    portfence = await commandLine(testbed.host);
    await portfence.run(['apply', '--ports', '49152-61000']);
  });
  afterAll(async () => {
    await testbed?.close();
    await portfence?.close();
  });

  const findings = async (): Promise<readonly Finding[]> => {
    const { document } = await portfence.json(['doctor']);
    return (document as { findings: readonly Finding[] }).findings;
  };
  const named = async (check: string): Promise<Finding | undefined> =>
    (await findings()).find((finding) => finding.check === check);
  const host = (...argv: [string, ...string[]]) => testbed.host.expect(argv);

  test('finds nothing serious on a host that is as planned, and ends with 0', async () => {
    const { code, document } = await portfence.json(['doctor']);
    expect((document as { findings: readonly Finding[] }).findings.map(({ check }) => check)).toEqual([
      'agent-missing',
    ]);
    expect([code, document]).toMatchObject([0, { ok: true, counts: { serious: 0 } }]);
  });

  test('names a nat chain that decides before the fence', async () => {
    await host('nft', 'add', 'table', 'ip', 'early');
    await host('nft', 'add', 'chain', 'ip', 'early', 'post', '{ type nat hook postrouting priority 40; }');
    expect(await named('nat-before-fence')).toMatchObject({
      severity: 'warning',
      evidence: ['ip early post, priority 40'],
    });
    await host('nft', 'delete', 'table', 'ip', 'early');
  });

  test('names a rule that can not be followed, and drift', async () => {
    await host(
      'iptables-nft',
      '-t',
      'nat',
      '-A',
      'POSTROUTING',
      '-m',
      'statistic',
      '--mode',
      'random',
      '--probability',
      '0.5',
      '-j',
      'MASQUERADE',
    );
    const all = await findings();
    expect(all.find(({ check }) => check === 'unfollowed-rules')?.evidence[0]).toContain('statistic');
    expect(all.find(({ check }) => check === 'not-as-planned')?.severity).toBe('serious');
    expect((await portfence.run(['doctor'])).code).toBe(1);
    await host('iptables-nft', '-t', 'nat', '-F', 'POSTROUTING');
    await portfence.run(['apply', '--ports', '49152-61000']);
  });

  test('names rules that take packets out of tracking', async () => {
    const rules = [
      'add table inet other',
      'add chain inet other raw { type filter hook output priority -300; }',
      'add rule inet other raw udp dport 9 notrack',
    ];
    await testbed.host.expect(['nft', '-f', '-'], { input: `${rules.join('\n')}\n` });
    expect((await named('untracked-traffic'))?.evidence.join()).toContain('notrack');
    await host('nft', 'delete', 'table', 'inet', 'other');
  });

  test('names a table of connections that is nearly full, and time-outs that keep ports long', async () => {
    const { stdout } = await testbed.host.run(['cat', '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_time_wait']);
    await host('sysctl', '-qw', 'net.netfilter.nf_conntrack_tcp_timeout_time_wait=300');
    expect((await named('long-time-outs'))?.remedy).toContain('time_wait=120');
    await host('sysctl', '-qw', `net.netfilter.nf_conntrack_tcp_timeout_time_wait=${stdout.trim()}`);
  });

  test('names a setting that another program has changed', async () => {
    await host('sysctl', '-qw', 'net.ipv4.ip_local_port_range=32768 60999');
    expect((await named('settings-of-others'))?.evidence.join()).toContain('ip_local_port_range');
    await portfence.run(['apply', '--ports', '49152-61000']);
  });

  test('says in words what to do, and ends with the number of checks', async () => {
    const { stdout } = await portfence.run(['doctor']);
    expect(stdout).toMatch(/^warning: no agent runs: .*\(agent-missing\)$/m);
    expect(stdout).toMatch(/remedy: run `portfence install systemd`/);
    expect(stdout).toMatch(/\d+ checks: 0 serious, 1 warnings, 0 notes/);
  });
});
