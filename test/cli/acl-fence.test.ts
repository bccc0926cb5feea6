import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { LAB, needs } from '../support/needs.ts';
import { startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';

const ACLS = `
acl web
  out 100 allow tcp 443 0.0.0.0/0
  in 100 allow tcp 49152-61000 0.0.0.0/0
`;
const PATIENCE = { timeout: 15_000, interval: 50 };
const CHECK = ['acl', 'check', '--file', '-', '--json'];

needs(...LAB, 'conntrack')('acl check on a host', () => {
  let testbed: Testbed;
  let portfence: CommandLine;

  beforeEach(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    portfence = await commandLine(testbed.host);
  });
  afterEach(async () => {
    await testbed?.close();
    await portfence?.close();
  });

  test('holds the plain range, then the running fence, and says so when the rules of it are gone', async () => {
    const check = async () => {
      const { code, stdout, stderr } = await portfence.run(CHECK, { input: ACLS });
      return { code, stderr, ...JSON.parse(stdout) };
    };
    expect(await check()).toMatchObject({ code: 1, source: 'host', hangingPercent: 58 });
    await portfence.run(['apply', '--ports', '49152-61000']);
    expect(await check()).toMatchObject({ code: 0, source: 'fence', fits: true });
    await portfence.run(['apply', '--ports', '40000-61000']);
    expect(await check()).toMatchObject({ code: 1, source: 'fence', hangingPercent: 43.6 });
    await testbed.host.expect(['nft', 'flush', 'ruleset']);
    const gone = await check();
    expect(gone).toMatchObject({ code: 1, source: 'host', hangingPercent: 58 });
    expect(gone.stderr).toContain('the fence of the last apply is not in the kernel');
  });

  test('a policy takes its ports from an ACL, and keeps them when that is gone', async () => {
    const acls = join(portfence.folder, 'acls.txt');
    const policy = join(portfence.folder, 'policy.yaml');
    await writeFile(acls, ACLS);
    await writeFile(policy, 'version: 1\nports: { acl: acls.txt }\n');
    const apply = () => portfence.run(['apply', '--policy', policy]);
    expect((await portfence.run(['plan', '--policy', policy])).stdout).toContain('49152-61000');
    expect((await apply()).code).toBe(0);
    expect((await portfence.json(['status'])).document).toMatchObject({ enforced: true, ports: ['49152-61000'] });
    await rm(acls);
    const again = await apply();
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining('the last good range stays: 49152-61000')]);
    await portfence.run(['remove']);
    expect(await readdir(portfence.folder)).not.toContain('state');
  });

  test('the agent follows the ACL that the policy names, and keeps the last good range', async () => {
    const acls = join(portfence.folder, 'acls.txt');
    const policy = join(portfence.folder, 'policy.yaml');
    await writeFile(acls, ACLS);
    await writeFile(policy, 'version: 1\nports: { acl: acls.txt }\n');
    const args = ['--policy', policy, '--netns', join(portfence.folder, 'netns')];
    const agent = await startAgent(testbed.host, portfence, args, { ownMounts: true });
    try {
      const mapping = async () =>
        (await testbed.host.run(['nft', 'list', 'chain', 'inet', 'portfence', 'map_keep'])).stdout;
      await vi.waitFor(async () => expect(await mapping()).toContain('49152-61000'), PATIENCE);
      await writeFile(acls, ACLS.replace('49152-61000', '40000-45999'));
      await vi.waitFor(async () => expect(await mapping()).toContain('40000-45999'), PATIENCE);
      await writeFile(acls, 'nonsense');
      await vi.waitFor(() => expect(agent.words()).toContain('the last good range stays: 40000-45999'), PATIENCE);
      expect(await mapping()).toContain('40000-45999');
    } finally {
      await agent.stop();
    }
  });

  test('whoever may not read the state is told that the host is taken to have no fence', async () => {
    await portfence.run(['apply', '--ports', '49152-61000']);
    const { stdout, stderr } = await testbed.host.run(
      ['setpriv', '--reuid=65534', '--clear-groups', ...portfence.argv(CHECK)],
      { input: ACLS },
    );
    expect(JSON.parse(stdout)).toMatchObject({ source: 'host', ways: [{ used: ['49152-61000'] }] });
    expect(stderr).toContain('run it as root');
  });
});
