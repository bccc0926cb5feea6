import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createNamespace, type Namespace } from '../../src/lab/namespace.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import type { Argv } from '../../src/system/system.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { type FaultyNft, faultyNft } from '../support/faulty-nft.ts';
import { LAB, needs } from '../support/needs.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';

const PATIENCE = { timeout: 15_000, interval: 50 };

needs(...LAB, 'conntrack')('what the agent says of itself', () => {
  let testbed: Testbed;
  let portfence: CommandLine;
  let nft: FaultyNft;
  let agent: RunningAgent | undefined;
  let policy: string;
  let netns: string;
  const notified = () => readFile(join(nft.path, 'notified'), 'utf8').catch(() => '');
  const status = async () => {
    const { code, document } = await portfence.json(['status']);
    return { code, agent: document['agent'] as Record<string, unknown> | null, enforced: document['enforced'] };
  };
  const start = async (): Promise<void> => {
    const words = ['env', `PATH=${nft.path}:${process.env['PATH']}`, 'NOTIFY_SOCKET=/nowhere'] as const;
    const enter = (argv: Argv): Argv => testbed.host.enter([...words, ...argv]);
    agent = await startAgent({ enter }, portfence, ['--policy', policy, '--backend', 'nftables', '--netns', netns], {
      ownMounts: true,
    });
  };

  beforeEach(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    portfence = await commandLine(testbed.host);
    policy = join(portfence.folder, 'policy.yaml');
    await writeFile(policy, 'version: 1\nports: 49152-61000\n');
    netns = join(portfence.folder, 'netns');
    nft = await faultyNft(portfence.folder);
    const notify = join(nft.path, 'systemd-notify');
    await writeFile(notify, `#!/bin/sh\necho "$*" >> '${join(nft.path, 'notified')}'\n`);
    await chmod(notify, 0o755);
  });
  afterEach(async () => {
    await agent?.stop();
    agent = undefined;
    await testbed?.close();
    await portfence?.close();
  });

  test('it is ready when the kernel was read back as planned, and names what fails until then', async () => {
    await nft.refuse();
    await start();
    await vi.waitFor(async () => expect((await status()).agent).toMatchObject({ state: 'failing' }), PATIENCE);
    await vi.waitFor(async () => expect(await notified()).toMatch(/--status=FAILING since .*: .*refuse/i), PATIENCE);
    expect(await notified()).not.toMatch(/--ready|fence true/);
    const failing = await status();
    expect(failing).toMatchObject({ code: 1, agent: { lastSuccess: null, lastError: { since: expect.any(Number) } } });
    await nft.serve();
    await vi.waitFor(async () => expect(await notified()).toMatch(/--ready --status=fence true/), PATIENCE);
    await vi.waitFor(async () => expect(await status()).toMatchObject({ code: 0, enforced: true }), PATIENCE);
  });

  test('a change that the kernel refuses later is a failure with its age, and ends when the kernel takes it', async () => {
    await start();
    await vi.waitFor(async () => expect((await status()).agent).toMatchObject({ state: 'inSync' }), PATIENCE);
    await nft.refuse();
    await writeFile(policy, 'version: 1\nports: 40000-42999\n');
    await vi.waitFor(async () => expect((await status()).agent).toMatchObject({ state: 'failing' }), PATIENCE);
    const { code, stdout } = await portfence.run(['status']);
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^AGENT FAILING for \d+ s: .*refuse/im)]);
    expect(stdout).toMatch(/last in sync: \d+ s ago/);
    expect((await notified()).trim().split('\n').at(-1)).toMatch(/--status=FAILING/);
    await nft.serve();
    await vi.waitFor(
      async () => expect(await status()).toMatchObject({ code: 0, agent: { state: 'inSync' } }),
      PATIENCE,
    );
  });

  test('an agent that starts and fails takes nothing from containers, and serves new ones', async () => {
    const [old, fresh] = [await createNamespace(), await createNamespace()];
    const range = (namespace: Namespace) => namespace.expect(['cat', '/proc/sys/net/ipv4/ip_local_port_range']);
    await start();
    await agent?.mount(netns, { '0a1b2c': old.path });
    await vi.waitFor(async () => expect(await range(old)).toBe('49152\t61000\n'), PATIENCE);
    await vi.waitFor(async () => expect((await status()).agent).toMatchObject({ state: 'inSync' }), PATIENCE);
    await agent?.kill();
    await nft.refuse();
    await testbed.host.expect(['nft', 'delete', 'table', 'inet', 'portfence']);
    await start();
    await agent?.mount(netns, { '0a1b2c': old.path, '1a1b2c': fresh.path });
    await vi.waitFor(async () => expect((await status()).agent).toMatchObject({ state: 'failing' }), PATIENCE);
    await vi.waitFor(async () => expect(await range(fresh)).toBe('49152\t61000\n'), PATIENCE);
    expect(await range(old)).toBe('49152\t61000\n');
    await Promise.all([old.close(), fresh.close()]);
  });
});
