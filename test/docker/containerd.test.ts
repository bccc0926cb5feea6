import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { HOST } from '../../src/lab/topology.ts';
import { hasPort } from '../../src/ports.ts';
import { run } from '../../src/system/run.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { type Containerd, startContainerd } from '../support/cri/containerd.ts';
import { type Pod, type PodOptions, startPod } from '../support/cri/pod.ts';
import { seenFrom, seenText } from '../support/fenced-testbed.ts';
import { CONTAINERD, needs } from '../support/needs.ts';
import { type RunningAgent, startAgent } from '../support/running-agent.ts';
import { samplePolicy } from '../support/samples.ts';
import { SID_TREE_MS, sidTree } from '../support/sid-tree.ts';

const ALLOWED = '49152\t61000';
const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
const KEY = 'net.ipv4.ip_local_port_range';
const PATIENCE = { timeout: 20_000, interval: 100 };
const FROM = [1025, 20_001, 40_001, 65_001];

/**
 * containerd 1, and containerd 2 on a node whose other programs are as new. The pods of test/docker/kubernetes-node.test.ts have a
 * network of iptables' rules with containerd 2 too.
 */
const PLACES = [
  ['this machine', 'iptables', { least: 1, tree: async () => undefined }],
  ['Debian sid', 'nftables', { least: 2, tree: sidTree }],
] as const;

const KINDS = [
  ['with the users of the node', false],
  ['with users of its own', true],
] as const;

needs(...CONTAINERD, 'debootstrap')('the agent beside a real containerd, driven as a kubelet drives it', () => {
  describe.each(PLACES)('of %s, with a pod network of %s', (_of, natBackend, { tree, least }) => {
    // containerd 1 knows no user namespaces of pods.
    const kinds = least > 1 ? KINDS : KINDS.slice(0, 1);
    let testbed: Testbed;
    let containerd: Containerd;
    let portfence: CommandLine;
    let agent: RunningAgent;
    /** Where the runtime listens, as crictl is told. */
    let runtime: Readonly<Record<string, string>>;
    let before: readonly string[];
    let old: Pod;
    const pod = (name: string, more: Partial<PodOptions> = {}) => startPod(containerd, { name, ...more });
    const status = async () =>
      JSON.parse((await run(containerd.enter(portfence.argv(['status', '--json'])))).stdout || '{}');

    beforeAll(async () => {
      testbed = await buildTestbed({ allowed: [{ from: 1024, to: 65_535 }] });
      containerd = await startContainerd(testbed, { tree: await tree(), natBackend });
      expect(containerd.major).toBeGreaterThanOrEqual(least);
      old = await pod('old');
      // From other ports than later: a flow that began before the fence keeps its mapping.
      before = (await seenFrom(old.network, [1026, 40_002], { protocol: 'udp' })).map(
        ({ seen }) => seen?.address ?? '',
      );
      portfence = await commandLine(testbed.host);
      runtime = { CONTAINER_RUNTIME_ENDPOINT: `unix://${containerd.folder}/containerd.sock` };
      agent = await startAgent(containerd, portfence, ['--ports', '49152-61000'], { ownMounts: false, env: runtime });
      await vi.waitFor(async () => expect((await status()).agent?.looks).toBeGreaterThan(0), PATIENCE);
    }, SID_TREE_MS);
    afterAll(async () => {
      await agent?.stop();
      await testbed?.close();
      await portfence?.close();
    });

    test.each(kinds)('a pod %s reads the allowed range with its first instruction', async (_, ownUsers) => {
      const seen: string[] = [];
      for (let i = 0; i < 5; i++) {
        const one = await pod(`first-${i}`, { ownUsers });
        const [range = '', users = ''] = (await one.runToEnd('reader', ['cat', RANGE, '/proc/self/uid_map'])).split(
          '\n',
        );
        expect(/ 100000 /.test(users)).toBe(ownUsers);
        seen.push(range);
        await one.remove();
      }
      // A machine that is busy with other tests may be late once.
      expect(seen.filter((range) => range !== ALLOWED).length, seen.join()).toBeLessThanOrEqual(1);
    });

    test('a range that the pod asked for stays', async () => {
      const one = await pod('chooser', { sysctls: { [KEY]: '20000 30000' } });
      expect(await one.runToEnd('reader', ['cat', RANGE])).toBe('20000\t30000');
    });

    test.each(kinds)(
      'a range that a pod %s asked for stays also where it is the kernel’s default, which only the runtime can tell',
      async (_, ownUsers) => {
        const name = ownUsers ? 'default-of-users' : 'default';
        const one = await pod(name, { ownUsers, sysctls: { [KEY]: '32768 60999' } });
        await vi.waitFor(async () => {
          // Any change of rules makes the agent look again.
          await run(containerd.enter(['nft', 'add', 'table', 'inet', 'news']));
          await run(containerd.enter(['nft', 'delete', 'table', 'inet', 'news']));
          expect((await one.network.run(['cat', RANGE])).stdout.trim()).toBe('32768\t60999');
        }, PATIENCE);
        await vi.waitFor(async () => {
          const kept: readonly { container?: string; settings: unknown }[] = (await status()).agent.native.kept;
          expect(kept).toContainEqual(
            expect.objectContaining({ container: `default/${name}`, settings: { [KEY]: '32768 60999' } }),
          );
        }, PATIENCE);
      },
    );

    test('the flows of a pod are shown by its name', async () => {
      const shop = await pod('flowing');
      await seenFrom(shop.network, [4000], { protocol: 'udp' });
      const argv = ['env', ...Object.entries(runtime).map(([name, value]) => `${name}=${value}`)] as const;
      const { stdout } = await run(
        containerd.enter([...argv, ...portfence.argv(['flows', '--by', 'container', '--ports', '49152-61000'])]),
      );
      expect(stdout).toContain('flowing');
    });

    test('what it sends leaves in range, with the address that it has without the fence', async () => {
      expect(before).toEqual(before.map(() => HOST.ipv4));
      const tables = await run(containerd.enter(['nft', 'list', 'tables']));
      expect(tables.stdout.includes('cni_plugins_masquerade')).toBe(natBackend === 'nftables');
      const fresh = await pod('shop');
      for (const one of [old, fresh]) {
        const own = await seenFrom(one.network, { kernel: 20 });
        const chosen = await seenFrom(one.network, FROM, { protocol: 'udp' });
        for (const { seen } of [...own, ...chosen]) {
          expect(seen?.address).toBe(HOST.ipv4);
          expect(hasPort(samplePolicy.ports, seen?.port ?? 0), seenText(chosen).join()).toBe(true);
        }
      }
      expect((await status()).counters).toMatchObject({ leaked: 0 });
    });

    test('a pod on the node’s network is the host', async () => {
      const one = await pod('node', { hostNetwork: true });
      expect(await one.runToEnd('reader', ['cat', RANGE])).toBe(ALLOWED);
    });

    test('a published port still leads to its pod', async () => {
      const one = await pod('web', { ports: [{ container: 8080, host: 8080 }] });
      const serving = ['nc', '-l', '-p', '8080', '-e', '/bin/echo', 'served'];
      await one.start('server', serving);
      await vi.waitFor(async () => {
        const answer = await testbed.peer.run(['busybox', 'nc', '-w', '2', HOST.ipv4, '8080'], { input: '' });
        expect(answer.stdout.trim()).toBe('served');
      }, PATIENCE);
    });

    test('after the removal pods have the kernel’s range again', async () => {
      await run(containerd.enter(portfence.argv(['remove'])));
      const read = async () => (await old.network.run(['cat', RANGE])).stdout.trim();
      await vi.waitFor(async () => expect(await read()).toBe('32768\t60999'), PATIENCE);
    });
  });
});
