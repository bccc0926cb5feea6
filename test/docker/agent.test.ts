import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Engine, startEngine } from '../../src/lab/docker.ts';
import { buildWorld, type World } from '../../src/lab/world.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { ENGINE, needs } from '../support/needs.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';

const ALLOWED = '49152\t61000';
const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';

needs(...ENGINE, 'conntrack')('the agent beside a real engine', () => {
  let world: World;
  let engine: Engine;
  let portfence: CommandLine;
  let agent: RunningAgent;
  let image: string;
  const readRange = (...flags: readonly string[]) => engine.expect(['run', '--rm', ...flags, image, 'cat', RANGE]);

  beforeAll(async () => {
    world = await buildWorld({ allowed: samplePolicy.ports });
    engine = await startEngine(world);
    image = await engine.importImage();
    portfence = await commandLine(world.host);
    const args = ['--ports', '49152-61000', '--docker-host', engine.address, '--netns', `${engine.execRoot}/netns`];
    agent = await startAgent(engine, portfence, args, { ownMounts: false });
    await vi.waitFor(
      async () => expect((await world.host.run(['nft', 'list', 'chain', 'inet', 'portfence', 'confine'])).code).toBe(0),
      { timeout: 15_000, interval: 100 },
    );
    // Docker makes the folder with its first container.
    await vi.waitFor(async () => expect(await readRange()).toBe(ALLOWED), { timeout: 20_000, interval: 10 });
  });
  afterAll(async () => {
    await agent?.stop();
    await world?.close();
    await portfence?.close();
  });

  test('a container reads the allowed range with its first instruction, one after another and many at once', async () => {
    const seen: string[] = [];
    for (let i = 0; i < 6; i++) seen.push(await readRange());
    seen.push(...(await Promise.all(Array.from({ length: 12 }, () => readRange()))));
    // A machine that is busy with other tests may be late once; such a container is mapped on the way out.
    expect(seen.filter((range) => range !== ALLOWED).length).toBeLessThanOrEqual(1);
  });

  test.each(['0', '1'])('so does a step of a build (DOCKER_BUILDKIT=%s)', async (buildKit) => {
    if (buildKit === '1' && !engine.buildKit) throw new Error('this command line can not build with BuildKit');
    const built = await engine.docker(
      ['build', '--no-cache', '--progress', 'plain', '-'].filter(
        (arg) => buildKit === '1' || !/progress|plain/.test(arg),
      ),
      {
        input: `FROM ${image}\nRUN cat ${RANGE}\n`,
        env: { DOCKER_BUILDKIT: buildKit },
      },
    );
    expect(built.stdout + built.stderr).toContain(ALLOWED);
  });

  test("a range that somebody chose stays, and a container with the host's network is the host", async () => {
    expect(await readRange('--sysctl', 'net.ipv4.ip_local_port_range=20000 30000')).toBe('20000\t30000');
    expect(await readRange('--network', 'host')).toBe(ALLOWED);
    expect(await engine.expect(['run', '--rm', image, 'cat', '/proc/sys/net/ipv4/tcp_timestamps'])).toBe('2');
  });

  const routedNetwork = async (name: string, subnet: string): Promise<void> => {
    const unmasked = ['-o', 'com.docker.network.bridge.enable_ip_masquerade=false', '--subnet', subnet, name];
    await engine.expect(['network', 'create', ...unmasked]);
  };
  const routedSet = async () =>
    (await world.host.run(['nft', 'list', 'set', 'inet', 'portfence', 'routed_ipv4'])).stdout;

  test('networks that only the engine tells are right from the agent’s next look', async () => {
    await routedNetwork('routed', '172.40.0.0/16');
    await vi.waitFor(async () => expect(await routedSet()).toContain('172.40.0.0/16'), {
      timeout: 10_000,
      interval: 50,
    });
  });

  test('an engine that stops and comes back is normal: nothing lost meanwhile, in step again after', async () => {
    const rules = () => world.host.expect(['nft', '-s', 'list', 'table', 'inet', 'portfence']);
    const before = await rules();
    await engine.stop();
    const looks = async () => JSON.parse(await readFile(`${portfence.folder}/state/agent.json`, 'utf8')).looks;
    const looked = await looks();
    await world.host.expect(['nft', 'add', 'table', 'inet', 'somebody']);
    await vi.waitFor(async () => expect(await looks()).toBeGreaterThan(looked), { timeout: 10_000, interval: 50 });
    expect(await rules()).toBe(before);
    const { code, document } = await portfence.json(['status']);
    expect(document).toMatchObject({
      enforced: true,
      drift: [],
      notes: [
        expect.stringMatching(/does not answer: its networks and published ports are taken as it told them last/),
      ],
    });
    expect(code).toBe(0);
    await engine.start();
    // The first container after it may bring the folder with it; from then on each is in time.
    await vi.waitFor(async () => expect(await readRange()).toBe(ALLOWED), { timeout: 20_000, interval: 10 });
    await routedNetwork('later', '172.41.0.0/16');
    await vi.waitFor(async () => expect(await routedSet()).toContain('172.41.0.0/16'), {
      timeout: 10_000,
      interval: 50,
    });
    expect(await routedSet()).toContain('172.40.0.0/16');
    expect(await agent.memory()).toBeLessThan(120e6);
  });
});
