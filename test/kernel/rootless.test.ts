import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Namespace } from '../../src/lab/namespace.ts';
import { HOST } from '../../src/lab/topology.ts';
import { hasPort } from '../../src/ports.ts';
import { startChild } from '../../src/system/child.ts';
import { run } from '../../src/system/run.ts';
import type { Argv } from '../../src/system/system.ts';
import { type FencedTestbed, fencedTestbed, seenFrom, seenText } from '../support/fenced-testbed.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

/** What rootless engines start for a container's network; both open sockets of their own on the host. */
const PROXIES: Readonly<Record<string, (pid: string) => Argv>> = {
  slirp4netns: (pid) => ['slirp4netns', '--configure', pid, 'tap0'],
  pasta: (pid) => ['pasta', '--config-net', '--foreground', '--runas', '0', pid],
};
const CHOSEN = [20_001, 40_001, 65_001];

needs(
  ...LAB,
  'conntrack',
  'slirp4netns',
  'pasta',
)('containers of rootless engines', () => {
  let fenced: FencedTestbed;
  const stops: (() => Promise<unknown>)[] = [];

  beforeEach(async () => {
    fenced = await fencedTestbed();
    await fenced.fence();
  });
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
    await fenced?.close();
  });

  /** A network namespace in a user namespace of its own, behind such a process. */
  const behind = async (proxy: string): Promise<Pick<Namespace, 'run'>> => {
    const { host } = fenced.testbed;
    const { pid, stop } = await startChild(host.enter(['unshare', '--user', '--map-root-user', '--net', '--', 'cat']));
    stops.push(stop);
    const [command, ...args] = host.enter(PROXIES[proxy]?.(String(pid)) ?? ['false']);
    const child: ChildProcess = spawn(command, args, { stdio: 'ignore' });
    const ended = once(child, 'exit');
    stops.push(async () => {
      child.kill('SIGKILL');
      await ended;
    });
    const inside = (argv: Argv): Argv => ['nsenter', `--target=${pid}`, '--user', '--net', '--', ...argv];
    await vi.waitFor(
      async () => expect((await run(inside(['ip', '-4', 'route', 'show', 'default']))).stdout).toContain('default'),
      { timeout: 15_000, interval: 50 },
    );
    return { run: (argv, options) => run(inside(argv), options) };
  };
  const strays = (results: Awaited<ReturnType<typeof seenFrom>>) =>
    seenText(results.filter(({ seen }) => seen?.address !== HOST.ipv4 || !hasPort(samplePolicy.ports, seen.port)));

  test.each(Object.keys(PROXIES))(
    'behind %s leave in range with what the kernels choose, like programs of the host',
    async (proxy) => {
      const guest = await behind(proxy);
      for (const protocol of ['tcp', 'udp'] as const)
        expect(strays(await seenFrom(guest, { kernel: 20 }, { protocol })), protocol).toEqual([]);
      expect(strays(await seenFrom(guest, CHOSEN))).toEqual([]);
      expect(await fenced.testbed.acl.counters()).toMatchObject({ outOfRange: 0 });
    },
  );

  test('pasta keeps a UDP port that a program bound, which counts as bound on the host: `host: all` takes it', async () => {
    const guest = await behind('pasta');
    const udp = { protocol: 'udp', timeoutMs: 500 } as const;
    const outcomes = async () => (await seenFrom(guest, CHOSEN, udp)).map(({ outcome }) => outcome);
    expect(await outcomes()).toEqual(['no answer', 'answered', 'no answer']);
    expect((await fenced.testbed.acl.counters()).cells.flatMap(({ strayPorts }) => strayPorts)).toEqual([
      20_001, 65_001,
    ]);
    await fenced.fence({ host: 'all' });
    expect(await outcomes()).toEqual(['answered', 'answered', 'answered']);
  });
});
