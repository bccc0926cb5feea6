import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { buildExecutables } from '../../scripts/release/executable-file.ts';
import { buildImage } from '../../scripts/release/image-file.ts';
import { IMAGE } from '../../src/lab/image.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { hasPort } from '../../src/ports.ts';
import { run } from '../../src/system/run.ts';
import type { Argv } from '../../src/system/system.ts';
import { COMMAND } from '../support/command-line.ts';
import { seenFrom } from '../support/fenced-testbed.ts';
import { ENGINE, needs } from '../support/needs.ts';
import { startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';
import { AGENT, deployStack, RANGE, type SwarmNode, swarmNodes, type Traffic, tasksOf } from '../support/swarm.ts';

const [WIDE, NARROW, LINUX] = ['49152 61000', '50000 59999', '32768 60999'];
const PATIENCE = { timeout: 90_000, interval: 500 };
const CLEANUP = 'portfence-cleanup_cleanup';

vi.setConfig({ testTimeout: 180_000 });

needs(
  ...ENGINE,
  'conntrack',
  'strip',
  'debootstrap',
)('the service on a swarm of three engines', () => {
  let testbed: Testbed;
  let folder: string;
  let [first, second, third] = [] as unknown as [SwarmNode, SwarmNode, SwarmNode];
  let traffic: readonly (() => Promise<Traffic>)[] = [];

  const fenced = (node: SwarmNode, range = WIDE) =>
    vi.waitFor(
      async () => expect([await node.range(), await node.agent()]).toEqual([range, expect.any(String)]),
      PATIENCE,
    );
  const deploy = async (ports: string, ...flags: readonly string[]) => {
    const file = join(folder, 'policy.yaml');
    await writeFile(file, `ports: ${ports}\n`);
    await deployStack(first, 'portfence', ['--policy', file, ...flags]);
  };
  /** How the update goes on that the last deployment began. */
  const update = () =>
    first.engine.expect([
      'service',
      'inspect',
      '--format',
      '{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}',
      AGENT,
    ]);
  const updated = () => vi.waitFor(async () => expect(await update()).toBe('completed'), PATIENCE);
  /** Stops a node's engine, and waits until the manager knows: an update would wait for a node that it takes for ready. */
  const lost = async (node: SwarmNode) => {
    const id = await node.id();
    await node.engine.stop();
    const state = () => first.engine.expect(['node', 'inspect', '--format', '{{.Status.State}}', id]);
    await vi.waitFor(async () => expect(await state()).toBe('down'), PATIENCE);
  };
  /** A machine that is busy with other tests may be late once, so another container tries again. */
  const containersHaveTheRange = ({ engine }: SwarmNode) =>
    vi.waitFor(
      async () => expect(await engine.expect(['run', '--rm', IMAGE, 'cat', RANGE])).toBe('49152\t61000'),
      PATIENCE,
    );
  /** Whether ports of the kernel's choice are in range, and answered. */
  const hostLeavesInRange = async ({ host }: SwarmNode) => {
    const seen = await seenFrom(host, { kernel: 10 });
    return seen.every((one) => one.seen && hasPort(samplePolicy.ports, one.seen.port));
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portfence-swarm-'));
    await buildExecutables([process.arch === 'arm64' ? 'arm64' : 'x64']);
    const archive = join(folder, await buildImage({ into: folder, fast: true }));
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    [first, second, third] = (await swarmNodes(testbed, 3, archive)) as [SwarmNode, SwarmNode, SwarmNode];
    await first.engine.expect(['swarm', 'init', '--advertise-addr', first.address]);
    await second.joinSwarm(first);
  }, 400_000);
  afterAll(async () => {
    await testbed?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test('fences each node with three capabilities, and gives containers the range with their first instruction', async () => {
    await deploy('49152-61000');
    for (const node of [first, second]) {
      await fenced(node);
      await containersHaveTheRange(node);
    }
    const status = await first.engine.expect(['exec', (await first.agent()) ?? '', 'cat', '/proc/1/status']);
    const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '';
    // capabilities(7): NET_ADMIN 12, NET_RAW 13, SYS_ADMIN 21.
    expect(BigInt(`0x${field('CapBnd')}`)).toBe((1n << 12n) | (1n << 13n) | (1n << 21n));
    expect(field('Seccomp')).toBe('2');
  });

  test('a node that joins is fenced as well', async () => {
    expect(await third.range()).toBe(LINUX);
    await third.joinSwarm(first);
    await fenced(third);
    await testbed.acl.reset();
    traffic = await Promise.all([first, second, third].map((node) => node.startTraffic()));
  });

  test('an agent of the host itself is refused, and serves the node when a label has the service leave it', async () => {
    const state = 'PORTFENCE_STATE_DIR=/run/portfence';
    const argv = (args: readonly string[]): Argv => ['env', state, ...COMMAND, ...args];
    const refused = await run(second.engine.enter(argv(['agent', '--ports', '50000-50999'])));
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('an agent runs here already, in a c')]);
    const rules = await second.rules();
    const id = await second.id();
    const label = (...change: readonly string[]) => first.engine.expect(['node', 'update', ...change, id]);
    await label('--label-add', 'portfence=host');
    await vi.waitFor(async () => expect(await second.agent()).toBeUndefined(), PATIENCE);
    expect(await second.rules()).toBe(rules);
    const agent = await startAgent(second.engine, { argv }, ['--ports', '49152-61000'], { ownMounts: false });
    await containersHaveTheRange(second);
    expect(agent.words()).not.toContain('error');
    await agent.stop();
    await label('--label-rm', 'portfence');
    await fenced(second);
  });

  test('another policy comes to one node after the other', async () => {
    const before = (await tasksOf(first, AGENT)).length;
    await deploy('50000-59999');
    await updated();
    for (const node of [first, second, third]) await fenced(node, NARROW);
    const tasks = (await tasksOf(first, AGENT)).slice(before);
    expect(tasks.map(({ state }) => state)).toEqual(['running', 'running', 'running']);
    // A task is made when the one before it is healthy.
    for (const [i, { createdAt }] of tasks.slice(1).entries()) expect(createdAt > (tasks[i]?.since ?? '')).toBe(true);
  });

  test('a policy that a node can not take is taken back by Swarm, and the fence stands meanwhile', async () => {
    const nodes = [first, second, third];
    const rules = () => Promise.all(nodes.map((node) => node.rules()));
    const before = await rules();
    const during: string[] = [];
    await deploy('51000-52000', '--uplink', 'nowhere0');
    await vi.waitFor(async () => {
      during.push(...(await rules()));
      expect(await update()).toBe('rollback_completed');
    }, PATIENCE);
    expect(new Set(during)).toEqual(new Set(before));
    for (const node of nodes) await fenced(node, NARROW);
    const tried = (await tasksOf(first, AGENT)).filter(({ args }) => args.includes('nowhere0'));
    expect(new Set(tried.map(({ node }) => node)).size).toBe(1);
    const words = await first.engine.docker(['service', 'logs', AGENT]);
    expect(words.stdout + words.stderr).toContain('--uplink: there is no interface nowhere0');
  });

  test('a lost node keeps its fence, and takes the policy of meanwhile when it is back', async () => {
    const [, , ends] = traffic;
    const { answered, failures } = (await ends?.()) ?? { answered: 0, failures: ['no traffic'] };
    expect([failures, answered]).toEqual([[], expect.any(Number)]);
    const before = await third.rules();
    await lost(third);
    await deploy('49152-61000');
    await updated();
    for (const node of [first, second]) await fenced(node);
    expect([await third.rules(), await third.range()]).toEqual([before, NARROW]);
    expect(await hostLeavesInRange(third)).toBe(true);
    await third.engine.start();
    await fenced(third);
  });

  test('all the while nothing left out of range, and every download was answered', async () => {
    for (const ends of traffic.slice(0, 2)) {
      const { answered, failures } = await ends();
      expect(failures).toEqual([]);
      expect(answered).toBeGreaterThan(20);
    }
    const { inRange, outOfRange } = await testbed.acl.counters();
    expect([outOfRange, inRange]).toEqual([0, expect.any(Number)]);
    expect(inRange).toBeGreaterThan(200);
  });

  test('the fence outlives the service, and the clean-up takes it from every node, also from one that comes back later', async () => {
    await first.engine.expect(['stack', 'rm', 'portfence']);
    await vi.waitFor(async () => expect(await third.engine.expect(['ps', '--quiet'])).toBe(''), PATIENCE);
    for (const node of [first, second, third]) expect(await node.range()).toBe(WIDE);
    await lost(third);
    await deployStack(first, 'portfence-cleanup', ['--part', 'cleanup']);
    const nothing = (node: SwarmNode) =>
      vi.waitFor(async () => {
        expect(await node.range()).toBe(LINUX);
        expect(await node.host.expect(['nft', 'list', 'tables'])).not.toContain('portfence');
        expect((await run(node.engine.enter(['ls', '-d', '/run/portfence']))).stderr).toContain('No such file');
      }, PATIENCE);
    for (const node of [first, second]) await nothing(node);
    expect(await third.range()).toBe(WIDE);
    await third.engine.start();
    await nothing(third);
    await vi.waitFor(async () => {
      const tasks = await tasksOf(first, CLEANUP);
      expect(tasks.map(({ state }) => state)).toEqual(['complete', 'complete', 'complete']);
    }, PATIENCE);
  });
});
