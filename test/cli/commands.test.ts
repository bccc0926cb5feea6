import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { inOrder } from '../support/listing.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const PORTS = ['--ports', '49152-61000'];

needs(...LAB, 'conntrack')('the command line', () => {
  let testbed: Testbed;
  let portfence: CommandLine;
  const rules = () => testbed.host.expect(['nft', 'list', 'ruleset']);

  beforeEach(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    portfence = await commandLine(testbed.host);
  });
  afterEach(async () => {
    await testbed?.close();
    await portfence?.close();
  });

  test('plan prints byte for byte what apply pipes to nft', async () => {
    const spy = join(portfence.folder, 'nft');
    const log = join(portfence.folder, 'piped');
    await writeFile(
      spy,
      `#!/bin/sh\ncase "$*" in "-f -") tee "${log}" | /usr/sbin/nft -f - ;; *) exec /usr/sbin/nft "$@" ;; esac\n`,
    );
    await chmod(spy, 0o755);
    const env = { PATH: `${portfence.folder}:${process.env['PATH']}` };
    for (const args of [PORTS, ['--ports', '40000-41999,50000-50999', '--guard', 'drop']]) {
      const plan = await portfence.run(['plan', ...args]);
      expect(plan.code).toBe(1);
      expect((await portfence.run(['apply', ...args], { env })).code).toBe(0);
      expect(await readFile(log, 'utf8')).toBe(plan.stdout);
      const again = await portfence.run(['plan', ...args]);
      expect([again.code, again.stdout]).toEqual([0, '']);
    }
  });

  test('plan changes nothing, --diff says what differs, --full prints the ruleset', async () => {
    const { code, stdout } = await portfence.run(['plan', ...PORTS, '--diff']);
    expect([code, await rules()]).toEqual([1, '']);
    expect(stdout).toContain('the table inet portfence is missing');
    await portfence.run(['apply', ...PORTS]);
    await testbed.host.expect([
      'nft',
      'delete',
      'rule',
      'inet',
      'portfence',
      'map_keep',
      'handle',
      await handleOf('map_keep'),
    ]);
    await testbed.host.expect(['nft', 'add', 'chain', 'inet', 'portfence', 'mine']);
    const drift = await portfence.run(['plan', ...PORTS, '--diff']);
    expect(drift.stdout.trim().split('\n')).toEqual([
      'chain map_keep: rule "map_keep-count: a port that has to change is counted" is missing or changed',
      'chain mine is not ours to have',
    ]);
    expect((await portfence.run(['apply', ...PORTS])).code).toBe(0);
    const full = await portfence.run(['plan', ...PORTS, '--full']);
    expect(full.code).toBe(0);
    expect(full.stdout).toContain('add chain inet portfence confine');
  });

  test('status tells enforced from not enforced, with drift by name, in words and as JSON', async () => {
    expect((await portfence.run(['status'])).code).toBe(1);
    await portfence.run(['apply', ...PORTS]);
    const { code, document } = await portfence.json(['status']);
    expect(code).toBe(0);
    expect(document).toMatchObject({
      enforced: true,
      backend: 'nftables',
      ports: ['49152-61000'],
      uplinks: ['eth0'],
      layers: { hostRange: true, confine: true, guard: 'count' },
      counters: { confined: 0, leaked: 0, preexisting: 0, leftAlone: 0, untracked: 0 },
      drift: [],
      natBeforeOurs: [],
    });
    await testbed.host.expect(['nft', '-f', '-'], {
      input: 'table ip early { chain post { type nat hook postrouting priority 10; }; }\n',
    });
    await testbed.host.expect(['sysctl', '-q', '-w', 'net.ipv4.ip_local_port_range=32768 60999']);
    const drifted = await portfence.json(['status']);
    expect(drifted.code).toBe(1);
    expect(drifted.document['drift']).toEqual([
      "net.ipv4.ip_local_port_range is '32768 60999' instead of '49152 61000'",
    ]);
    expect(drifted.document['natBeforeOurs']).toMatchObject([{ table: 'early', name: 'post', priority: 10 }]);
    await testbed.host.expect(['nft', 'flush', 'ruleset']);
    const words = await portfence.run(['status']);
    expect([words.code, words.stdout.split('\n')[0]]).toEqual([1, expect.stringContaining('NOT ENFORCED')]);
  });

  test('explain answers from the applied policy', async () => {
    await portfence.run(['apply', '--ports', '50000-50999']);
    const { code, document } = await portfence.json(['explain', 'tcp 10.0.1.10:40001 > 203.0.113.10:443']);
    expect(code).toBe(0);
    expect(document).toMatchObject({ decidedBy: 'host-map', outcome: 'mapped', kept: null, ports: ['50000-50999'] });
    const unknown = await portfence.run(['explain', 'tcp 192.0.2.7:40001 > 203.0.113.10:443']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining("in br-lan'")]);
    const advised = (stderr: string) => /say where it \w+: '(.*)'/.exec(stderr)?.[1] ?? '';
    expect((await portfence.run(['explain', advised(unknown.stderr)])).code).toBe(0);
    for (const family of ['-4', '-6']) await testbed.host.expect(['ip', family, 'route', 'del', 'default']);
    await portfence.run(['remove']);
    const everywhere = ['explain', '--ports', '50000-50999'];
    const astray = await portfence.run([...everywhere, 'tcp 10.0.1.10:40001 > 203.0.113.10:443']);
    expect([astray.code, astray.stderr]).toEqual([2, expect.stringContaining('no uplink is known')]);
    expect((await portfence.run([...everywhere, advised(astray.stderr)])).code).toBe(0);
  });

  test('a mistake ends in its own sentence, exit code 2, and nothing applied', async () => {
    const file = join(portfence.folder, 'policy.yaml');
    await writeFile(file, 'version: 1\nports: 61000-49152\nuplnks: [eth0]\nhost: some\n');
    const { code, stderr } = await portfence.run(['apply', '--policy', file]);
    expect(code).toBe(2);
    expect(stderr).toContain(`${file}:2:8: ports: 61000-49152 runs backwards; write 49152-61000`);
    expect(stderr).toContain(`${file}:3:1: uplnks`);
    expect(stderr).toContain(`${file}:4:7: host`);
    const wrong = await portfence.run(['apply', ...PORTS, '--uplink', 'eth9']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('eth9')]);
    for (const args of [['aply'], ['apply', '--prots', '1'], ['apply', ...PORTS, '--confirm', 'soon'], ['apply']]) {
      expect((await portfence.run(args)).code).toBe(2);
    }
    expect(await rules()).toBe('');
    expect((await portfence.run(['remove'])).stdout).toContain('nothing to remove');
  });

  test('what the system refuses ends in exit code 3, with the remedy', async () => {
    const empty = join(portfence.folder, 'tools');
    const broken = join(portfence.folder, 'nft');
    await writeFile(
      broken,
      '#!/bin/sh\ncat >/dev/null\necho "/dev/stdin:3:1-9: Error: Could not process rule: Operation not supported" >&2\nexit 1\n',
    );
    await chmod(broken, 0o755);
    const refused = await portfence.run(['apply', ...PORTS], {
      env: { PATH: `${portfence.folder}:${process.env['PATH']}` },
    });
    expect(refused.code).toBe(3);
    const poor = await testbed.host.run([
      'setpriv',
      '--reuid=65534',
      '--clear-groups',
      ...portfence.argv(['apply', ...PORTS]),
    ]);
    expect([poor.code, poor.stderr]).toEqual([3, expect.stringMatching(/root/)]);
    expect(empty).not.toBe('');
  });

  test('confirm without anything to confirm is a no', async () => {
    const { code, stderr } = await portfence.run(['confirm']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('no apply is waiting')]);
    expect(await readdir(portfence.folder)).toEqual([]);
  });

  test('a fence killed at any moment is the old one or the new one, and can be mended and removed', async () => {
    const wanted = ['49152-61000', '40000-42999'] as const;
    expect((await portfence.run(['apply', '--ports', wanted[0]])).code).toBe(0);
    const whole = new Map<string, string>();
    for (const ports of wanted) {
      await portfence.run(['apply', '--ports', ports]);
      whole.set(ports, await stateless());
    }
    for (let i = 0; i < 16; i++) {
      const ports = wanted[i % 2] ?? wanted[0];
      await portfence.run(['apply', '--ports', ports], { timeoutMs: 150 + i * 20 });
      expect([...whole.values()]).toContain(await stateless());
    }
    expect((await portfence.run(['apply', ...PORTS])).code).toBe(0);
    expect((await portfence.run(['status'])).code).toBe(0);
    await portfence.run(['remove']);
    expect(await testbed.host.expect(['cat', '/proc/sys/net/ipv4/ip_local_port_range'])).toBe('32768\t60999\n');
    expect(await rules()).toBe('');
  });

  const stateless = async () => inOrder(await testbed.host.expect(['nft', '-s', 'list', 'table', 'inet', 'portfence']));
  const handleOf = async (chain: string) => {
    const listing = await testbed.host.expect(['nft', '-a', 'list', 'chain', 'inet', 'portfence', chain]);
    return /comment.*# handle (\d+)/.exec(listing)?.[1] ?? '';
  };
});
