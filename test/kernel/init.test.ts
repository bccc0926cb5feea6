import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const ACL =
  'acl web\n  subnet subnet-web\n  out 100 allow all any any\n  in 100 allow tcp 40000-44999 any\n  in 110 allow udp 40000-44999 any\n';
/** Ctrl-D. */
const END_OF_INPUT = '\u0004';

needs(...LAB, 'script')('the first policy', () => {
  let testbed: Testbed;
  let portfence: CommandLine;
  let policy: string;
  const fence = async () => (await testbed.host.run(['nft', 'list', 'table', 'inet', 'portfence'])).code === 0;
  const written = () => readFile(policy, 'utf8');
  /** At a terminal of its own, with what is typed there. */
  const atTerminal = (args: readonly string[], typed: string) => {
    const words = portfence.argv(['init', '--policy', policy, ...args]);
    const command = words.map((word) => `'${word}'`).join(' ');
    return testbed.host.run(['script', '--quiet', '--return', '--command', command, '/dev/null'], {
      input: typed,
    });
  };

  beforeEach(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    portfence = await commandLine(testbed.host);
    policy = join(portfence.folder, 'etc', 'policy.yaml');
  });
  afterEach(async () => {
    await testbed?.close();
    await portfence?.close();
  });

  test('without a question: the policy is written, says what was found, reads as asked, and nothing is applied', async () => {
    await testbed.host.expect(['nft', 'add', 'table', 'ip', 'site']);
    await testbed.host.expect(['nft', 'add chain ip site out { type nat hook postrouting priority 100; }']);
    await testbed.host.expect(['nft', 'add rule ip site out ip saddr 10.9.0.0/16 masquerade']);
    const { code, document } = await portfence.json([
      ...['init', '--yes', '--policy', policy, '--ports', '49152-61000', '--guard', 'drop'],
    ]);
    expect(code).toBe(0);
    expect(document).toMatchObject({ file: policy, policy: await written(), applied: null });
    expect(document['found']).toEqual([
      'uplinks: eth0',
      'no Docker and no podman that answers',
      'source NAT of others: 1 rules; the addresses that they give stay',
    ]);
    expect(parsePolicy({ text: await written() }).policy).toMatchObject({ ports: samplePolicy.ports, guard: 'drop' });
    expect(await written()).toMatch(/^# .*\n# Written by `portfence init`, which found here:\n# - uplinks: eth0\n/m);
    expect(await fence()).toBe(false);
    const again = await portfence.run(['init', '--yes', '--policy', policy, '--ports', '40000-44999']);
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('there is a policy already')]);
    expect(await written()).toBe(document['policy']);
  });

  test('a sample in which every line is a comment is no policy, and the ports may come from a network ACL', async () => {
    policy = join(portfence.folder, 'policy.yaml');
    await writeFile(policy, '# version: 1\n');
    const acl = join(portfence.folder, 'acls.txt');
    await writeFile(acl, ACL);
    const { code, stderr } = await portfence.run(['init', '--yes', '--policy', policy, '--acl', acl]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('source ports 40000-44999')]);
    expect(await written()).toContain(`ports: {acl: ${acl}}`);
  });

  test('with nobody to ask it says what to give, and writes nothing', async () => {
    const silent = await portfence.run(['init', '--policy', policy, '--ports', '49152-61000']);
    expect([silent.code, silent.stderr]).toEqual([2, expect.stringContaining('init --yes --ports')]);
    const unknown = await portfence.run(['init', '--policy', policy, '--yes']);
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('--ports 49152-61000')]);
    await expect(written()).rejects.toThrow('ENOENT');
  });

  test('at a terminal it asks again after a bad answer, writes, applies for a minute and keeps', async () => {
    const { code, stdout } = await atTerminal([], '61000-49152\n49152-61000\ny\ny\ny\n');
    expect([code, stdout]).toEqual([0, expect.stringContaining('confirmed: the fence stays')]);
    expect(stdout).toMatch(/every source address stays as it is/);
    expect(await fence()).toBe(true);
    expect((await portfence.json(['status', '--policy', policy])).document).toMatchObject({ confirmBefore: null });
  });

  test('with --yes it asks nothing, at a terminal too', async () => {
    const { code, stdout } = await atTerminal(['--yes'], '49152-61000\n');
    expect([code, stdout]).toEqual([
      2,
      expect.stringContaining('the ports that the network lets back in are not given'),
    ]);
    await expect(written()).rejects.toThrow('ENOENT');
  });

  test('no answer, and the end of input, write nothing', async () => {
    for (const typed of ['n\n', END_OF_INPUT]) {
      const { code } = await atTerminal(['--ports', '49152-61000'], typed);
      expect(code).toBe(1);
      await expect(written()).rejects.toThrow('ENOENT');
    }
    expect(await fence()).toBe(false);
  });
});
