import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PEER } from '../../src/lab/topology.ts';
import { buildWorld, type World } from '../../src/lab/world.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { echoServer, holdConnections } from '../support/held-connections.ts';
import { inOrder } from '../support/listing.ts';
import { LAB, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';

const PORTS = ['--ports', '49152-61000'];

needs(...LAB, 'conntrack')('what waits without a terminal', () => {
  let world: World;
  let portfence: CommandLine;
  const rules = () => world.host.expect(['nft', '-s', 'list', 'ruleset']);

  beforeEach(async () => {
    world = await buildWorld({ allowed: samplePolicy.ports });
    portfence = await commandLine(world.host);
  });
  afterEach(async () => {
    await world?.close();
    await portfence?.close();
  });

  test('an unconfirmed apply is taken back even when the session that made it is gone', async () => {
    expect((await portfence.run(['apply', ...PORTS])).code).toBe(0);
    const before = inOrder(await rules());
    const session = [
      'setsid',
      '--wait',
      ...portfence.argv(['apply', '--ports', '40000-41999', '--confirm', '2']),
    ] as const;
    expect((await world.host.run([session[0], ...session.slice(1)])).code).toBe(0);
    expect(await rules()).toContain('40000-41999');
    await vi.waitFor(async () => expect(inOrder(await rules())).toBe(before), { timeout: 15_000, interval: 200 });
    const { document } = await portfence.json(['status']);
    expect(document).toMatchObject({ enforced: true, ports: ['49152-61000'], confirmBefore: null });
  });

  test('a confirmed one stays, and what waited for it ends', async () => {
    expect((await portfence.run(['apply', ...PORTS, '--confirm', '3'])).code).toBe(0);
    expect((await portfence.json(['status'])).document['confirmBefore']).toMatch(/^\d{4}-/);
    expect((await portfence.run(['confirm'])).code).toBe(0);
    await vi.waitFor(async () => expect(await waiting()).toBe(''), { timeout: 15_000, interval: 200 });
    expect(await rules()).toContain('49152-61000');
  });

  test('a removal that has to wait for connections finishes by itself', async () => {
    await portfence.run(['apply', ...PORTS]);
    const server = await echoServer(world.peer, 7777);
    const held = await holdConnections(world.host, {
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

  /** Background processes of this test's own state folder. */
  const waiting = async () => {
    const { stdout } = await world.host.run([
      'sh',
      '-c',
      'grep -lsa "$0" /proc/[0-9]*/environ || true',
      portfence.folder,
    ]);
    const pids = stdout.split('\n').flatMap((path) => /\/proc\/(\d+)\//.exec(path)?.[1] ?? []);
    const names = await Promise.all(
      pids.map(async (pid) => (await world.host.run(['cat', `/proc/${pid}/cmdline`])).stdout.replaceAll('\0', ' ')),
    );
    return names.filter((name) => /rollback-unless-confirmed|drain/.test(name)).join('\n');
  };
});
