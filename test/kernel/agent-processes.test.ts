import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { run } from '../../src/system/run.ts';
import type { Argv } from '../../src/system/system.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { LAB, needs } from '../support/needs.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';

const PATIENCE = { timeout: 15_000, interval: 50 };

needs(...LAB, 'conntrack')('the processes of the agent', () => {
  let testbed: Testbed;
  let portfence: CommandLine;
  let agent: RunningAgent | undefined;
  let policy: string;
  const report = async () => JSON.parse(await readFile(join(portfence.folder, 'state', 'agent.json'), 'utf8'));
  /** Command lines of all processes that were started with this state folder. */
  const processes = async (): Promise<readonly string[]> => {
    const { stdout } = await run([
      'sh',
      '-c',
      'grep -lsaF "STATE_DIR=$0" /proc/[0-9]*/environ || true',
      portfence.folder,
    ]);
    const paths = stdout.split('\n').filter(Boolean);
    const lines = paths.map((path) => readFile(path.replace('environ', 'cmdline'), 'utf8').catch(() => ''));
    return (await Promise.all(lines)).map((line) => line.replaceAll('\0', ' ')).filter(Boolean);
  };

  beforeEach(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    portfence = await commandLine(testbed.host);
    policy = join(portfence.folder, 'policy.yaml');
    await writeFile(policy, 'version: 1\nports: 49152-61000\n');
    agent = await startAgent(testbed.host, portfence, ['--policy', policy], { ownMounts: true });
    await vi.waitFor(async () => expect(await report()).toMatchObject({ state: 'inSync' }), PATIENCE);
  });
  afterEach(async () => {
    await agent?.stop();
    agent = undefined;
    await testbed?.close();
    await portfence?.close();
  });

  test('a second agent is refused, and the report of the first stays', async () => {
    const before = await report();
    const second = await portfence.run(['agent', '--policy', policy]);
    expect([second.code, second.stderr]).toEqual([
      3,
      expect.stringContaining(`an agent runs here already (pid ${before.pid})`),
    ]);
    expect(await report()).toMatchObject({ pid: before.pid, process: before.process });
  });

  test('one in a container is refused as well while the first lives, and takes over when that was killed', async () => {
    const inContainer = (argv: Argv): Argv =>
      testbed.host.enter(['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--', ...argv]);
    const second = await run(inContainer(portfence.argv(['agent', '--policy', policy])));
    expect([second.code, second.stderr]).toEqual([3, expect.stringContaining('an agent runs here already')]);
    const { pid } = await report();
    await agent?.kill();
    agent = await startAgent({ enter: inContainer }, portfence, ['--policy', policy], { ownMounts: true });
    const next = { pid: expect.not.toSatisfy((one) => one === pid), state: 'inSync' };
    await vi.waitFor(async () => expect(await report()).toMatchObject(next), PATIENCE);
    await agent.kill(); // unshare(1) ignores SIGTERM.
  });

  test('a health check wants an agent that has read the kernel back; the fence alone is not enough', async () => {
    const status = async (...flags: readonly string[]) => (await portfence.run(['status', ...flags])).code;
    expect([await status(), await status('--agent')]).toEqual([0, 0]);
    await agent?.kill();
    expect([await status(), await status('--agent')]).toEqual([0, 1]);
  });

  test('its children end with it, also by kill -9', async () => {
    await vi.waitFor(async () => {
      const running = (await processes()).join(' ');
      expect(running).toContain('nft monitor');
      expect(running).toContain('ip -o monitor');
    }, PATIENCE);
    await agent?.kill();
    await vi.waitFor(async () => expect(await processes()).toEqual([]), PATIENCE);
  });

  test('a removal is recorded for it, survives its crash, and goes with its end', async () => {
    expect((await portfence.run(['remove'])).code).toBe(0);
    await vi.waitFor(async () => expect(await report()).toMatchObject({ state: 'removed' }), PATIENCE);
    await agent?.kill();
    const { pid: crashed } = await report();
    agent = await startAgent(testbed.host, portfence, ['--policy', policy], { ownMounts: true });
    await vi.waitFor(async () => expect((await report()).pid).not.toBe(crashed), PATIENCE);
    await vi.waitFor(async () => expect(await report()).toMatchObject({ state: 'removed' }), PATIENCE);
    expect(await testbed.host.expect(['nft', 'list', 'tables'])).toBe('');
    await agent.stop();
    expect(await readdir(join(portfence.folder, 'state')).catch(() => [])).toEqual([]);
  });

  test('a removal that waits leaves no record for one that is killed before it learns of it', async () => {
    const pid = (await agent?.pid()) ?? 0;
    await vi.waitFor(async () => {
      process.kill(pid, 'SIGSTOP');
      const held = await run(['flock', '--nonblock', join(portfence.folder, 'state', 'lock'), 'true']);
      if (held.code !== 0) process.kill(pid, 'SIGCONT');
      expect(held.code).toBe(0);
    }, PATIENCE);
    const removing = portfence.run(['remove', '--wait']);
    const recorded = async () =>
      JSON.parse(await readFile(join(portfence.folder, 'state', 'state.json'), 'utf8')).removed;
    await vi.waitFor(async () => expect(await recorded()).toBeDefined(), PATIENCE);
    process.kill(pid, 'SIGKILL');
    expect((await removing).code).toBe(0);
    await agent?.stop();
    agent = undefined;
    expect(await readdir(join(portfence.folder, 'state')).catch(() => [])).toEqual([]);
  });

  test('every event source is named in its report with its health', async () => {
    await vi.waitFor(async () => {
      const { sources } = await report();
      expect(sources).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ name: 'nft monitor', health: 'up', failures: 0 }),
          expect.objectContaining({ name: 'ip monitor', health: 'up' }),
          expect.objectContaining({ name: 'state', health: 'up' }),
          expect.objectContaining({ name: `file ${policy}`, health: 'up' }),
        ]),
      );
    }, PATIENCE);
  });
});
