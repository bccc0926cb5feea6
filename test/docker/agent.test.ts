import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Engine, startEngine } from '../../src/lab/docker.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { run } from '../../src/system/run.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { ENGINE, needs } from '../support/needs.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';

const ALLOWED = '49152\t61000';
const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';

needs(...ENGINE, 'conntrack')('the agent beside a real engine', () => {
  let testbed: Testbed;
  let engine: Engine;
  let portfence: CommandLine;
  let agent: RunningAgent;
  let image: string;
  let restartAgent: () => Promise<void>;
  const readRange = (...flags: readonly string[]) => engine.expect(['run', '--rm', ...flags, image, 'cat', RANGE]);

  beforeAll(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
    engine = await startEngine(testbed);
    image = await engine.importImage();
    portfence = await commandLine(testbed.host);
    const args = ['--ports', '49152-61000', '--docker-host', engine.address]; // Where namespaces are mounted it learns by itself.
    restartAgent = async () => {
      await agent?.stop();
      agent = await startAgent(engine, portfence, args, { ownMounts: false });
    };
    await restartAgent();
    await vi.waitFor(
      async () =>
        expect((await testbed.host.run(['nft', 'list', 'chain', 'inet', 'portfence', 'confine'])).code).toBe(0),
      { timeout: 15_000, interval: 100 },
    );
    // Docker makes the folder with its first container.
    await vi.waitFor(async () => expect(await readRange()).toBe(ALLOWED), { timeout: 20_000, interval: 10 });
  });
  afterAll(async () => {
    await agent?.stop();
    await testbed?.close();
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

  test("a choice that equals the kernel's default stays as well, also when the agent is late or comes later, and status names it", async () => {
    const detached = ['run', '--detach', '--stop-signal', 'KILL', '--name'];
    const choices = ['--sysctl', 'net.ipv4.ip_local_port_range=32768 60999', '--sysctl', 'net.ipv4.tcp_timestamps=0'];
    // An agent that is later than the engine can't tell the choice from the default, and learns of it from the engine.
    await agent.frozen(() => engine.expect([...detached, 'chooser', ...choices, image, 'sleep', '600']));
    await engine.expect([...detached, 'taker', image, 'sleep', '600']);
    // It asks whether the agent's process is there, whose number means something beside the engine only.
    const status = async (...flags: readonly string[]) =>
      (await run(engine.enter(portfence.argv(['status', '--docker-host', engine.address, ...flags])))).stdout;
    const said = async () => JSON.parse(await status('--json')).agent?.native;
    const kept = {
      container: 'chooser',
      settings: { 'net.ipv4.ip_local_port_range': '32768 60999', 'net.ipv4.tcp_timestamps': '0' },
    };
    const both = async (): Promise<void> => {
      const native = { given: 1, kept: [kept], folders: expect.arrayContaining([`${engine.execRoot}/netns`]) };
      await vi.waitFor(async () => expect(await said()).toMatchObject(native), { timeout: 20_000, interval: 100 });
      expect(await engine.expect(['exec', 'chooser', 'cat', RANGE])).toBe('32768\t60999');
      expect(await engine.expect(['exec', 'taker', 'cat', RANGE])).toBe(ALLOWED);
    };
    await both();
    await restartAgent();
    await both();
    expect(await status()).toContain(
      "chooser keeps net.ipv4.ip_local_port_range '32768 60999' and net.ipv4.tcp_timestamps '0': it was chosen for this container",
    );
    await engine.expect(['rm', '--force', 'chooser', 'taker']);
  });

  const routedNetwork = async (name: string, subnet: string): Promise<void> => {
    const unmasked = ['-o', 'com.docker.network.bridge.enable_ip_masquerade=false', '--subnet', subnet, name];
    await engine.expect(['network', 'create', ...unmasked]);
  };
  const routedSet = async () =>
    (await testbed.host.run(['nft', 'list', 'set', 'inet', 'portfence', 'routed_ipv4'])).stdout;

  test('networks that only the engine tells are right from the agent’s next look', async () => {
    await routedNetwork('routed', '172.40.0.0/16');
    await vi.waitFor(async () => expect(await routedSet()).toContain('172.40.0.0/16'), {
      timeout: 10_000,
      interval: 50,
    });
  });

  test('an engine that stops and comes back is normal: nothing lost meanwhile, in step again after', async () => {
    const rules = () => testbed.host.expect(['nft', '-s', 'list', 'table', 'inet', 'portfence']);
    const before = await rules();
    await engine.stop();
    const looks = async () => JSON.parse(await readFile(`${portfence.folder}/state/agent.json`, 'utf8')).looks;
    const looked = await looks();
    await testbed.host.expect(['nft', 'add', 'table', 'inet', 'somebody']);
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

  test('what a killed agent gave to a container that runs is taken back by `remove`', async () => {
    await engine.expect(['run', '--detach', '--name', 'lives-on', '--stop-signal', 'KILL', image, 'sleep', '3600']);
    const reads = () => engine.expect(['exec', 'lives-on', 'cat', RANGE]);
    await vi.waitFor(async () => expect(await reads()).toBe(ALLOWED), { timeout: 10_000, interval: 50 });
    await agent.kill();
    const { code, stderr } = await run(engine.enter(portfence.argv(['remove'])), { timeoutMs: 60_000 });
    expect(code, stderr).toBe(0);
    expect(await reads()).toBe('32768\t60999');
    expect(await readdir(`${portfence.folder}/state`).catch(() => [])).toEqual([]);
  });
});
