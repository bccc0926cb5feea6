import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { type FencedTestbed, fencedTestbed, OPEN_ACL, seenFrom, seenText } from '../support/fenced-testbed.ts';
import { LAB, needs } from '../support/needs.ts';
import { withoutPrograms } from '../support/without-programs.ts';

const PORTS = ['--ports', '49152-61000'];
const ALL_IPTABLES = ['iptables*', 'ip6tables*'];

needs(
  ...LAB,
  'conntrack',
  'iptables',
)('a host without all of its programs', () => {
  let fenced: FencedTestbed;
  let command: CommandLine;
  beforeEach(async () => {
    fenced = await fencedTestbed(OPEN_ACL);
    command = await commandLine(fenced.testbed.host);
  });
  afterEach(async () => {
    await command?.close();
    await fenced?.close();
  });
  const without = (names: readonly string[], ...args: string[]) =>
    fenced.testbed.host.run(withoutPrograms(names, command.argv(args)));
  const json = async (names: readonly string[], ...args: string[]) => {
    const { code, stdout } = await without(names, ...args, '--json');
    return { code, document: JSON.parse(stdout) as Record<string, unknown> };
  };

  describe.each(['iptables-nft', 'iptables-legacy'])('%s without ip6tables', (backend) => {
    test('is no fence for IPv6 and changes nothing, but fences IPv4 where the policy says so', async () => {
      const refused = await without(['ip6tables*'], 'apply', ...PORTS, '--backend', backend);
      expect([refused.code, refused.stderr]).toEqual([3, expect.stringMatching(/ip6tables-\w+-restore is missing/)]);
      expect(refused.stderr).toContain('families: [ipv4]');
      expect(await fenced.testbed.host.expect(['iptables-save'])).not.toContain('PORTFENCE');
      const ipv4 = [...PORTS, '--backend', backend, '--families', 'ipv4'];
      expect(await without(['ip6tables*'], 'apply', ...ipv4)).toMatchObject({ code: 0 });
      expect(await json(['ip6tables*'], 'status')).toMatchObject({ code: 0, document: { enforced: true } });
      expect(await without(['ip6tables*'], 'remove', '--now')).toMatchObject({ code: 0 });
      expect(await fenced.testbed.host.expect([`${backend}-save`])).not.toContain('PORTFENCE');
    });

    test('does not say that a fence of both families stands', async () => {
      expect(await without([], 'apply', ...PORTS, '--backend', backend)).toMatchObject({ code: 0 });
      const { code, stdout, stderr } = await without(['ip6tables*'], 'status');
      expect(code).not.toBe(0);
      expect(stdout + stderr).toMatch(/ip6tables/);
      expect(await json([], 'status')).toMatchObject({ code: 0, document: { enforced: true } });
    });
  });

  test('without any iptables is fenced by nftables, and says what is missing where another backend is asked for', async () => {
    expect(await without(ALL_IPTABLES, 'apply', ...PORTS)).toMatchObject({ code: 0 });
    expect(await json(ALL_IPTABLES, 'status')).toMatchObject({ code: 0, document: { enforced: true, notes: [] } });
    expect(await without(ALL_IPTABLES, 'verify', '--connections', '20', '--compare')).toMatchObject({ code: 0 });
    const asked = await without(ALL_IPTABLES, 'plan', ...PORTS, '--backend', 'iptables');
    expect([asked.code, asked.stderr]).toEqual([3, expect.stringContaining('install the package iptables')]);
    expect(await without(ALL_IPTABLES, 'remove', '--now')).toMatchObject({ code: 0 });
  });

  test('without nft or iptables says what to install', async () => {
    const { code, stderr } = await without([...ALL_IPTABLES, 'nft'], 'apply', ...PORTS);
    expect([code, stderr]).toEqual([3, expect.stringContaining('install the package nftables')]);
  });

  test.each(['iptables-nft', 'iptables-legacy'])(
    'leaves alone what may meet rules of %s that nothing here can list, and says so',
    async (tool) => {
      const { host } = fenced.testbed;
      const guest = await (
        await fenced.testbed.addBridge({ name: 'br-00000000aaaa', ipv4: '172.21.0.1/16', masquerade: false })
      ).addGuest();
      await host.expect(['ip', 'address', 'add', '10.0.1.77/24', 'dev', 'eth0']);
      const mapped = ['-s', '172.21.0.0/16', '!', '-o', 'br-00000000aaaa', '-j', 'SNAT', '--to-source', '10.0.1.77'];
      await host.expect([tool, '-t', 'nat', '-A', 'POSTROUTING', ...mapped]);
      const seen = async (port: number) => seenText(await seenFrom(guest, [port])).join();
      expect(await seen(40_001)).toMatch(/^10[.]0[.]1[.]77 /);
      expect(await without(ALL_IPTABLES, 'apply', ...PORTS)).toMatchObject({ code: 0 });
      const { document } = await json(ALL_IPTABLES, 'status');
      expect(document['notes']).toContainEqual(expect.stringContaining(`${tool}-save is missing`));
      expect(await seen(40_003)).toMatch(/^10[.]0[.]1[.]77 /);
    },
  );
});
