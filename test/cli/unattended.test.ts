import process from 'node:process';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { PEER } from '../../src/lab/topology.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { echoServer, holdConnections } from '../support/held-connections.ts';
import { inOrder } from '../support/listing.ts';
import { LAB, needs } from '../support/needs.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';

const PORTS = ['--ports', '49152-61000'];

needs(...LAB, 'conntrack')('what waits without a terminal', () => {
  let testbed: Testbed;
  let portfence: CommandLine;
  let agent: RunningAgent | undefined;
  const rules = () => testbed.host.expect(['nft', '-s', 'list', 'ruleset']);
  /** The fence alone: an agent adds the table of its rates in its own time. */
  const fence = () => testbed.host.expect(['nft', '-s', 'list', 'table', 'inet', 'portfence']);

  beforeEach(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    portfence = await commandLine(testbed.host);
  });
  afterEach(async () => {
    await agent?.stop();
    agent = undefined;
    await testbed?.close();
    await portfence?.close();
  });

  test('an unconfirmed apply is rolled back even when the session that made it is gone', async () => {
    expect((await portfence.run(['apply', ...PORTS])).code).toBe(0);
    const before = inOrder(await rules());
    const session = [
      'setsid',
      '--wait',
      ...portfence.argv(['apply', '--ports', '40000-41999', '--confirm', '2']),
    ] as const;
    expect((await testbed.host.run([session[0], ...session.slice(1)])).code).toBe(0);
    expect(await rules()).toContain('40000-41999');
    await vi.waitFor(async () => expect(inOrder(await rules())).toBe(before), { timeout: 15_000, interval: 200 });
    const { document } = await portfence.json(['status']);
    expect(document).toMatchObject({ enforced: true, ports: ['49152-61000'], confirmBefore: null });
  });

  test('a confirmed one stays, and what waited for it ends', async () => {
    expect((await portfence.run(['apply', ...PORTS, '--confirm', '60'])).code).toBe(0);
    expect((await portfence.json(['status'])).document['confirmBefore']).toMatch(/^\d{4}-/);
    expect((await portfence.run(['confirm'])).code).toBe(0);
    await vi.waitFor(async () => expect(await waiting()).toBe(''), { timeout: 15_000, interval: 200 });
    expect(await rules()).toContain('49152-61000');
  });

  test('a removal that has to wait for connections finishes by itself', async () => {
    await portfence.run(['apply', ...PORTS]);
    const server = await echoServer(testbed.peer, 7777);
    const held = await holdConnections(testbed.host, {
      ...{ host: PEER.ipv4, port: 7777, protocol: 'tcp', sourcePorts: [40_000] },
    });
    const removed = await portfence.run(['remove']);
    expect(removed.stdout).toContain('1 mapped connections live');
    expect((await portfence.json(['status'])).document).toMatchObject({ enforced: false, draining: true });
    expect(await held.alive()).toBe(1);
    await held.close();
    await server.close();
    await vi.waitFor(async () => expect(await rules()).toBe(''), { timeout: 30_000, interval: 500 });
    await vi.waitFor(async () => expect(await waiting()).toBe(''), { timeout: 15_000, interval: 200 });
  });

  test('a rollback whose process was killed is done by what looks next; status says that it is overdue', async () => {
    await portfence.run(['apply', ...PORTS]);
    const before = inOrder(await fence());
    const overdue = async (): Promise<void> => {
      await portfence.run(['apply', '--ports', '40000-41999', '--confirm', '1']);
      await endWaiting();
      await vi.waitFor(
        async () => expect((await portfence.json(['status'])).document).toMatchObject({ rollbackOverdue: true }),
        { timeout: 15_000, interval: 200 },
      );
    };
    await overdue();
    expect((await portfence.run(['status'])).stdout).toMatch(/unconfirmed +its time ended at .*rolls it back/);
    const confirmed = await portfence.run(['confirm']);
    expect([confirmed.code, confirmed.stderr]).toEqual([1, expect.stringContaining('the apply was rolled back')]);
    expect(inOrder(await fence())).toBe(before);
    await overdue();
    agent = await startAgent(testbed.host, portfence, PORTS, { ownMounts: true });
    await vi.waitFor(async () => expect(inOrder(await fence())).toBe(before), { timeout: 15_000, interval: 200 });
  });

  test('a removal whose waiting process was killed is finished by the next removal, or by an agent', async () => {
    const server = await echoServer(testbed.peer, 7777);
    const to = { host: PEER.ipv4, port: 7777, protocol: 'tcp' as const };
    await portfence.run(['apply', ...PORTS]);
    const first = await holdConnections(testbed.host, { ...to, sourcePorts: [40_000] });
    await portfence.run(['remove']);
    await endWaiting();
    expect((await portfence.json(['remove'])).document).toMatchObject({ draining: 1 });
    await first.close();
    await vi.waitFor(async () => expect(await rules()).toBe(''), { timeout: 30_000, interval: 500 });

    agent = await startAgent(testbed.host, portfence, PORTS, { ownMounts: true });
    const state = async () => JSON.parse((await portfence.run(['status', '--json'])).stdout).agent?.state;
    await vi.waitFor(async () => expect(await state()).toBe('inSync'), { timeout: 15_000, interval: 200 });
    const second = await holdConnections(testbed.host, { ...to, sourcePorts: [40_001] });
    await portfence.run(['remove']);
    await endWaiting();
    await vi.waitFor(async () => expect(await state()).toBe('removed'), { timeout: 15_000, interval: 200 });
    await second.close();
    await vi.waitFor(
      async () => {
        await testbed.host.expect(['nft', 'add', 'table', 'inet', 'news']);
        await testbed.host.expect(['nft', 'delete', 'table', 'inet', 'news']);
        expect(await rules()).toBe('');
      },
      { timeout: 30_000, interval: 1000 },
    );
    await server.close();
  });

  /** Ends what waits in the background, as the kernel does when it is short of memory. */
  const endWaiting = async (): Promise<void> => {
    const pids = await vi.waitFor(
      async () => {
        const found = [...(await waiting()).matchAll(/^(\d+) /gm)].map(([, pid]) => Number(pid));
        expect(found).not.toEqual([]);
        return found;
      },
      { timeout: 15_000, interval: 50 },
    );
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await vi.waitFor(async () => expect(await waiting()).toBe(''), { timeout: 15_000, interval: 50 });
  };

  /** Background processes of this test's own state folder, with their pids. */
  const waiting = async () => {
    const { stdout } = await testbed.host.run([
      'sh',
      '-c',
      'grep -lsa "$0" /proc/[0-9]*/environ || true',
      portfence.folder,
    ]);
    const pids = stdout.split('\n').flatMap((path) => /\/proc\/(\d+)\//.exec(path)?.[1] ?? []);
    const names = await Promise.all(
      pids.map(async (pid) => {
        const line = (await testbed.host.run(['cat', `/proc/${pid}/cmdline`])).stdout.replaceAll('\0', ' ');
        return `${pid} ${line}`;
      }),
    );
    return names.filter((name) => /rollback-unless-confirmed|drain/.test(name)).join('\n');
  };
});
