import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { buildExecutables } from '../../scripts/release/executable-file.ts';
import { buildImage, imageName } from '../../scripts/release/image-file.ts';
import { type Podman, preparePodman } from '../../src/lab/podman.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { HOST } from '../../src/lab/topology.ts';
import { hasPort } from '../../src/ports.ts';
import { run } from '../../src/system/run.ts';
import { type CommandLine, commandLine } from '../support/command-line.ts';
import { seenFrom, seenText } from '../support/fenced-testbed.ts';
import { needs, PODMAN } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';
import { SID_TREE_MS, sidTree } from '../support/sid-tree.ts';

const [LINUX, ALLOWED] = ['32768\t60999', '49152\t61000'];
const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
const PATIENCE = { timeout: 30_000, interval: 100 };
const FROM = [1025, 20_001, 40_001, 65_001];

/** What is read here of an object. */
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: { readonly metadata: object; readonly spec: { readonly containers: Containers } };
  };
}
type Containers = readonly { readonly readinessProbe?: { readonly exec: { readonly command: readonly string[] } } }[];

const parsed = (printed: string) => parseAllDocuments(printed).map((one): Manifest => one.toJS());

/** The pods of DaemonSets, and ConfigMaps. podman 4 would start an init container anew for ever in a pod that is always restarted. */
const podsAlone = (printed: string): string =>
  parsed(printed)
    .filter(({ kind }) => ['ConfigMap', 'DaemonSet'].includes(kind))
    .map((one) => {
      if (one.kind !== 'DaemonSet') return one;
      const { metadata, spec } = one.spec.template;
      const restartPolicy = 'initContainers' in spec ? 'OnFailure' : 'Always';
      const named = { ...one.metadata, ...metadata };
      return { apiVersion: 'v1', kind: 'Pod', metadata: named, spec: { ...spec, restartPolicy } };
    })
    .map((one) => `---\n${stringify(one)}`)
    .join('');

/**
 * podman has no words for: readiness (so the test asks the probe's command), the Namespace, the service account, priority,
 * tolerations, updates node by node, and a ConfigMap that changes. podman 4 knows no DaemonSet, and has no word for `hostPID` and
 * memory as an `emptyDir`: the pod's processes are its own there, and its /tmp is a volume.
 */
const PLACES = [
  [
    'this machine',
    { tree: async () => undefined, played: podsAlone, container: 'portfence-agent', first: expect.any(String) },
  ],
  [
    'Debian sid',
    { tree: sidTree, played: (printed: string) => printed, container: 'portfence-pod-agent', first: 'cat' },
  ],
] as const;

needs(
  ...PODMAN,
  'catatonit',
  'strip',
  'debootstrap',
)('what install kubernetes prints, played by a real podman', () => {
  let folder: string;
  let archive: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portfence-podman-kube-'));
    await buildExecutables([process.arch === 'arm64' ? 'arm64' : 'x64']);
    archive = join(folder, await buildImage({ into: folder, fast: true }));
  }, 400_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe.each(PLACES)('of %s', (_, { tree, played, container, first }) => {
    let testbed: Testbed;
    let podman: Podman;
    let portfence: CommandLine;
    let image: string;
    let probe: readonly string[];
    let [agent, cleanup] = ['', ''];

    /** What is printed for a part, as a file that podman can play. */
    const print = async (part: string) => {
      const flags = ['--ports', '49152-61000', '--image', `docker.io/library/${imageName()}`, '--part', part];
      const { code, stdout, stderr } = await run(portfence.argv(['install', 'kubernetes', ...flags]));
      expect(code, stderr).toBe(0);
      const file = join(folder, `${part}-of-${container}.yaml`);
      await writeFile(file, played(stdout));
      const set = parsed(stdout).find(({ kind }) => kind === 'DaemonSet');
      return { file, probe: set?.spec.template.spec.containers[0]?.readinessProbe?.exec.command ?? [] };
    };
    const inAgent = (...argv: readonly string[]) => podman.podman(['exec', container, ...argv], { timeoutMs: 20_000 });
    const onHost = async (...argv: [string, ...string[]]) => (await run(podman.enter(argv))).stdout.trim();
    const play = (file: string) => podman.expect(['kube', 'play', file]);
    const down = (file: string) => podman.expect(['kube', 'down', file]);
    const playAgent = async () => {
      await play(agent);
      await vi.waitFor(async () => {
        const { code, stdout, stderr } = await inAgent(...probe);
        expect(code, stdout + stderr).toBe(0);
      }, PATIENCE);
    };
    const shopRange = async () => (await (await podman.inContainer('shop')).run(['cat', RANGE])).stdout.trim();
    /** Ports that the kernel chose, and those that a container's program chose. */
    const leavesInRange = async () => {
      const shop = await podman.inContainer('shop');
      const seen = [
        ...(await seenFrom(testbed.host, { kernel: 10 })),
        ...(await seenFrom(shop, { kernel: 10 })),
        ...(await seenFrom(shop, FROM, { protocol: 'udp' })),
      ];
      for (const one of seen) {
        expect(one.seen?.address).toBe(HOST.ipv4);
        expect(hasPort(samplePolicy.ports, one.seen?.port ?? 0), seenText(seen).join()).toBe(true);
      }
    };

    beforeAll(async () => {
      testbed = await buildTestbed({ allowed: samplePolicy.ports });
      podman = await preparePodman(testbed, 'netavark', { tree: await tree() });
      // As systemd has it: what podman mounts below /run later reaches the pod that asks for it.
      await run(podman.enter(['mount', '--make-rshared', '/run']));
      await podman.expect(['load', '--input', archive]);
      image = await podman.importImage();
      portfence = await commandLine(testbed.host);
      ({ file: agent, probe } = await print('agent'));
      ({ file: cleanup } = await print('cleanup'));
      await playAgent();
    }, SID_TREE_MS);
    afterAll(async () => {
      await testbed?.close();
      await portfence?.close();
    });

    test('its probe passes, with the capabilities of the manifest, seccomp, and a root that it can’t write', async () => {
      expect(probe).toEqual(['/usr/bin/portfence', 'status', '--agent']);
      const { stdout } = await inAgent('cat', '/proc/self/status');
      const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(stdout)?.[1] ?? '';
      // capabilities(7): NET_ADMIN 12, NET_RAW 13, SYS_PTRACE 19, SYS_ADMIN 21.
      expect(BigInt(`0x${field('CapBnd')}`)).toBe((1n << 12n) | (1n << 13n) | (1n << 19n) | (1n << 21n));
      expect(field('Seccomp')).toBe('2');
      // The lab's host begins with a cat(1).
      expect((await inAgent('cat', '/proc/1/comm')).stdout.trim()).toEqual(first);
      const written = await inAgent('sh', '-c', 'echo > /etc/x; echo 1 > /proc/sys/net/ipv4/ip_forward');
      expect(written.stderr.match(/Read-only file system/g)).toHaveLength(2);
      expect(await onHost('cat', RANGE)).toBe(ALLOWED);
    });

    test('containers have the range with their first instruction; they and the host leave in range', async () => {
      await podman.runContainer(['--detach', '--name', 'shop', image, 'sleep', '600']);
      // A machine that is busy with other tests may be late once, so another container tries again.
      await vi.waitFor(
        async () => expect(await podman.runContainer(['--rm', image, 'cat', RANGE])).toBe(ALLOWED),
        PATIENCE,
      );
      await vi.waitFor(async () => expect(await shopRange()).toBe(ALLOWED), PATIENCE);
      await leavesInRange();
      expect(await testbed.acl.counters()).toMatchObject({ outOfRange: 0 });
    });

    test('a pod that is taken down leaves the fence up, and the next one takes it over', async () => {
      const rules = () => onHost('nft', 'list', 'chain', 'inet', 'portfence', 'confine');
      const before = await rules();
      await down(agent);
      expect((await inAgent('true')).code).not.toBe(0);
      expect([await rules(), await onHost('cat', RANGE), await shopRange()]).toEqual([before, ALLOWED, ALLOWED]);
      await leavesInRange();
      await playAgent();
      expect((await podman.podman(['logs', container])).stderr).not.toContain('runs here already');
    });

    test('the clean-up leaves nothing, and then idles', async () => {
      await down(agent);
      await play(cleanup);
      await vi.waitFor(async () => {
        expect(await onHost('nft', 'list', 'tables')).not.toContain('portfence');
        expect([await onHost('cat', RANGE), await shopRange()]).toEqual([LINUX, LINUX]);
        expect(await podman.expect(['ps', '--format', '{{.Names}} {{.Status}}'])).toMatch(/cleanup\S*-done Up/);
        // podman 4 says so of the pod's last container a moment before the first one has ended.
        const { stdout, stderr } = await run(podman.enter(['ls', '-A', '/run/portfence']));
        expect([stdout, stderr]).toEqual(['', expect.stringContaining('No such file')]);
      }, PATIENCE);
      await down(cleanup);
    });
  });
});
