import { mkdir, readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { run } from '../../src/system/run.ts';
import type { Argv } from '../../src/system/system.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { LAB, needs } from '../support/needs.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';

const PATIENCE = { timeout: 15_000, interval: 50 };
const policyOf = (ports: string): string => `version: 1\nports: ${ports}\n`;

needs(...LAB, 'conntrack')('the agent and the files that it lives by', () => {
  let testbed: Testbed;
  let portfence: CommandLine;
  let agent: RunningAgent | undefined;
  let policy: string;
  const mapping = async () =>
    (await testbed.host.run(['nft', 'list', 'chain', 'inet', 'portfence', 'map_keep'])).stdout;
  const maps = (ports: string) => vi.waitFor(async () => expect(await mapping()).toContain(ports), PATIENCE);
  const start = async (args: readonly string[], wrap: readonly string[] = []): Promise<RunningAgent> => {
    const enter = (argv: Argv): Argv =>
      testbed.host.enter(wrap[0] === undefined ? argv : [wrap[0], ...wrap.slice(1), ...argv]);
    agent = await startAgent({ enter }, portfence, args, { ownMounts: true });
    await maps('49152-61000');
    return agent;
  };

  beforeEach(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    portfence = await commandLine(testbed.host);
    policy = join(portfence.folder, 'policy.yaml');
    await writeFile(policy, policyOf('49152-61000'));
  });
  afterEach(async () => {
    await agent?.stop();
    agent = undefined;
    await testbed?.close();
    await portfence?.close();
  });

  test('a policy with a relative path is followed', async () => {
    await start(['--policy', 'policy.yaml'], ['env', `--chdir=${portfence.folder}`]);
    await writeFile(policy, policyOf('40000-42999'));
    await maps('40000-42999');
  });

  test('a policy behind links that are swapped, as Kubernetes does with a ConfigMap, is followed', async () => {
    const volume = join(portfence.folder, 'volume');
    for (const [version, ports] of [
      ['..1', '49152-61000'],
      ['..2', '40000-42999'],
    ] as const) {
      await mkdir(join(volume, version), { recursive: true });
      await writeFile(join(volume, version, 'policy.yaml'), policyOf(ports));
    }
    await symlink('..1', join(volume, '..data'));
    await symlink('..data/policy.yaml', join(volume, 'policy.yaml'));
    await symlink(join(volume, 'policy.yaml'), join(portfence.folder, 'linked.yaml'));
    await start(['--policy', join(portfence.folder, 'linked.yaml')]);
    await symlink('..2', join(volume, '..data_tmp'));
    await rename(join(volume, '..data_tmp'), join(volume, '..data'));
    await maps('40000-42999');
  });

  test('a file of network ACLs that the policy names later is followed as well', async () => {
    const acl = join(portfence.folder, 'acl.txt');
    const table = (ports: string): string =>
      `acl web\n  subnet web-1\n  out 100 allow all any any\n  in 100 allow tcp ${ports} any\n`;
    const named = 'ports: { acl: acl.txt, subnet: web-1 }\nprotocols: [tcp]\nfamilies: [ipv4]\n';
    await start(['--policy', policy]);
    await writeFile(acl, table('40000-42999'));
    await writeFile(policy, `version: 1\n${named}`);
    await maps('40000-42999');
    await writeFile(acl, table('50000-52999'));
    await maps('50000-52999');
    const report = async () => JSON.parse(await readFile(join(portfence.folder, 'state', 'agent.json'), 'utf8'));
    const followed = async () =>
      (await report()).sources
        .map(({ name }: { name: string }) => name)
        .filter((name: string) => name.startsWith('file '));
    await vi.waitFor(async () => expect(await followed()).toEqual([`file ${policy}`, `file ${acl}`]), PATIENCE);
    await writeFile(policy, policyOf('40000-42999'));
    await vi.waitFor(async () => expect(await followed()).toEqual([`file ${policy}`]), PATIENCE);
  });

  test.each(['a folder', 'a pipe'] as const)(
    'a policy that is replaced by %s is refused, and the next one is taken',
    async (what) => {
      const running = await start(['--policy', policy]);
      await unlink(policy);
      if (what === 'a folder') await mkdir(policy);
      else await testbed.host.expect(['mkfifo', policy]);
      await vi.waitFor(() => expect(running.words()).toContain('the new policy is refused'), PATIENCE);
      await testbed.host.expect(['nft', 'flush', 'ruleset']);
      await maps('49152-61000');
      await rm(policy, { recursive: true });
      await writeFile(policy, policyOf('40000-42999'));
      await maps('40000-42999');
    },
  );

  test('a reader of its messages that ends does not end it', async () => {
    const running = await start(['--policy', policy]);
    running.stopListening();
    await writeFile(policy, 'version: 1\nports: none\n');
    await testbed.host.expect(['nft', 'flush', 'ruleset']);
    await maps('49152-61000');
    await writeFile(policy, policyOf('40000-42999'));
    await maps('40000-42999');
  });

  test('a state folder that is full does not end it', async () => {
    const mount = 'mkdir -p "$0" && mount -t tmpfs -o size=256k none "$0" && exec "$@"';
    const state = join(portfence.folder, 'state');
    const running = await start(['--policy', policy], ['unshare', '--mount', 'sh', '-c', mount, state]);
    const inside = `/proc/${await running.pid()}/root${state}`;
    await run(['dd', 'if=/dev/zero', `of=${inside}/filler`, 'bs=4k']);
    await testbed.host.expect(['nft', 'flush', 'ruleset']);
    await maps('49152-61000');
    await writeFile(policy, policyOf('40000-42999'));
    await vi.waitFor(() => expect(running.words()).toMatch(/no space is left/), PATIENCE);
    await rm(`${inside}/filler`);
    await maps('40000-42999');
  });

  test('a state folder that was deleted is no removal: state and fence come back', async () => {
    const running = await start(['--policy', policy]);
    const state = join(portfence.folder, 'state');
    // The agent may write a file into it in the very moment.
    const deleteState = () => rm(state, { recursive: true, maxRetries: 10 });
    const before = JSON.parse(await readFile(join(state, 'state.json'), 'utf8'));
    await deleteState();
    const again = async () => JSON.parse(await readFile(join(state, 'state.json'), 'utf8'));
    await vi.waitFor(async () => expect(await again()).toEqual(before), PATIENCE);
    await deleteState();
    await testbed.host.expect(['nft', 'flush', 'ruleset']);
    await maps('49152-61000');
    await vi.waitFor(async () => expect((await portfence.json(['status'])).code).toBe(0), PATIENCE);
    expect((await portfence.run(['remove'])).code).toBe(0);
    await vi.waitFor(() => expect(running.words()).toContain('it stays removed'), PATIENCE);
    await deleteState();
    await testbed.host.expect(['nft', 'add', 'table', 'inet', 'somebody']);
    const looks = async () => JSON.parse(await readFile(join(state, 'agent.json'), 'utf8')).looks;
    const seen = await vi.waitFor(looks, PATIENCE);
    await testbed.host.expect(['nft', 'delete', 'table', 'inet', 'somebody']);
    await vi.waitFor(async () => expect(await looks()).toBeGreaterThan(seen), PATIENCE);
    expect(await mapping()).toBe('');
  });
});
