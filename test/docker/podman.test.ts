import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Podman, preparePodman } from '../../src/lab/podman.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { HOST } from '../../src/lab/topology.ts';
import { hasPort } from '../../src/ports.ts';
import { run } from '../../src/system/run.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { seenFrom, seenText } from '../support/fenced-testbed.ts';
import { needs, PODMAN } from '../support/needs.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';

const ALLOWED = '49152\t61000';
const DEFAULT = '32768\t60999';
const KEY = 'net.ipv4.ip_local_port_range';
const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
const PATIENCE = { timeout: 20_000, interval: 100 };
const REMAPPED = ['--uidmap', '0:100000:65536', '--gidmap', '0:100000:65536'];

needs(...PODMAN)('the agent beside a real podman', () => {
  describe.each(['cni', 'netavark'] as const)('with networks of %s', (network) => {
    let testbed: Testbed;
    let engine: Podman;
    let portfence: CommandLine;
    let agent: RunningAgent;
    let image: string;
    const status = async (...flags: readonly string[]) =>
      (await run(engine.enter(portfence.argv(['status', ...flags])))).stdout;
    const told = async () => JSON.parse(await status('--json'));
    const readRange = (...flags: readonly string[]) => engine.runContainer(['--rm', ...flags, image, 'cat', RANGE]);
    const detached = (name: string, ...flags: readonly string[]) =>
      engine.runContainer(['--detach', '--name', name, ...flags, image, 'sleep', '600']);

    beforeAll(async () => {
      testbed = await buildTestbed({ allowed: samplePolicy.ports });
      engine = await preparePodman(testbed, network);
      image = await engine.importImage();
      portfence = await commandLine(testbed.host);
      agent = await startAgent(engine, portfence, ['--ports', '49152-61000'], { ownMounts: false });
      await vi.waitFor(async () => expect((await told()).agent?.looks).toBeGreaterThan(0), PATIENCE);
      // Podman makes the folder of namespaces with its first container.
      await vi.waitFor(async () => expect(await readRange()).toBe(ALLOWED), PATIENCE);
    });
    afterAll(async () => {
      await agent?.stop();
      await testbed?.close();
      await portfence?.close();
    });

    test.each([
      ['of root', []],
      ['with a user namespace', REMAPPED],
    ])('a container %s reads the allowed range with its first instruction', async (_, flags) => {
      const seen: string[] = [];
      for (let i = 0; i < 5; i++) seen.push(await readRange(...flags));
      // A machine that is busy with other tests may be late once.
      expect(seen.filter((range) => range !== ALLOWED).length, seen.join()).toBeLessThanOrEqual(1);
      expect(await readRange('--sysctl', `${KEY}=20000 30000`, ...flags)).toBe('20000\t30000');
    });

    test('its connections leave in range, those from ports that its program chose too', async () => {
      await detached('shop');
      const inside = await engine.inContainer('shop');
      await testbed.acl.reset();
      const own = await seenFrom(inside, { kernel: 40 });
      const chosen = await seenFrom(inside, [1025, 20_001, 40_001, 65_001], { protocol: 'udp' });
      for (const { seen } of [...own, ...chosen]) {
        expect(seen?.address).toBe(HOST.ipv4);
        expect(hasPort(samplePolicy.ports, seen?.port ?? 0), seenText(chosen).join()).toBe(true);
      }
      expect(await testbed.acl.counters()).toMatchObject({ outOfRange: 0 });
      expect((await told()).counters).toMatchObject({ leaked: 0 });
    });

    test('with its API the engine is told, and a choice that equals the kernel’s default stays under its container’s name', async () => {
      expect((await told()).engines).toEqual([]);
      await engine.serve();
      await detached('chooser', ...REMAPPED, '--sysctl', `${KEY}=32768 60999`);
      const kept = [{ container: 'chooser', settings: { [KEY]: '32768 60999' } }];
      await vi.waitFor(async () => {
        expect(await told()).toMatchObject({
          agent: { native: { kept } },
          engines: [{ engine: 'podman', socket: '/run/podman/podman.sock', answers: true }],
        });
      }, PATIENCE);
      expect((await (await engine.inContainer('chooser')).run(['cat', RANGE])).stdout.trim()).toBe(DEFAULT);
      expect(await status()).toContain(
        "chooser keeps net.ipv4.ip_local_port_range '32768 60999': it was chosen for this container",
      );
    });
  });
});
