import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { buildExecutables } from '../../scripts/release/executable-file.ts';
import { buildImage } from '../../scripts/release/image-file.ts';
import { agentManifests } from '../../src/kubernetes/agent.ts';
import { cleanupDaemonSet } from '../../src/kubernetes/cleanup.ts';
import type { Fleet, Manifest } from '../../src/kubernetes/manifest.ts';
import { DEFAULTS } from '../../src/kubernetes/values.ts';
import { verifyPod } from '../../src/kubernetes/verify.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { HOST } from '../../src/lab/topology.ts';
import { hasPort } from '../../src/ports.ts';
import { run } from '../../src/system/run.ts';
import { type Containerd, startContainerd } from '../support/cri/containerd.ts';
import { admitPod, type ContainerSpec, type KubeletPod, type PodSpec, writeConfigMap } from '../support/cri/kubelet.ts';
import { ended, type Pod, type RunningContainer, startPod } from '../support/cri/pod.ts';
import { seenFrom, seenText } from '../support/fenced-testbed.ts';
import { CONTAINERD, needs } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';
import { ENGINES_OF, SID_TREE_MS } from '../support/sid-tree.ts';

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
const PATIENCE = { timeout: 30_000, interval: 100 };
const FROM = [1025, 20_001, 40_001, 65_001];

const fleet: Fleet = {
  values: DEFAULTS,
  policyText: 'ports: 49152-61000\n',
  name: 'portfence',
  namespace: 'portfence',
  version: manifest.version,
};
const podOf = (one: Manifest | undefined): PodSpec => {
  const spec = Object(one?.['spec']);
  return one?.kind === 'Pod' ? spec : spec.template.spec;
};
const AGENT = podOf(agentManifests(fleet).find(({ kind }) => kind === 'DaemonSet'));
const CLEANUP = podOf(cleanupDaemonSet(fleet));
const VERIFY = podOf(verifyPod(fleet));
const [AGENT_CONTAINER, CLEANUP_CONTAINER, VERIFY_CONTAINER] = [
  AGENT.containers[0],
  CLEANUP.initContainers?.[0],
  VERIFY.containers[0],
] as readonly ContainerSpec[] as [ContainerSpec, ContainerSpec, ContainerSpec];

needs(
  ...CONTAINERD,
  'strip',
  'debootstrap',
)('the pods of the manifests, run by a real containerd', () => {
  let folder: string;
  let archive: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portfence-kubernetes-node-'));
    await buildExecutables([process.arch === 'arm64' ? 'arm64' : 'x64']);
    archive = join(folder, await buildImage({ into: folder, fast: true }));
  }, 400_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describe.each(ENGINES_OF)('of %s', (_, tree) => {
    let testbed: Testbed;
    let containerd: Containerd;
    let configMap: string;
    let agentPod: KubeletPod;
    let agent: RunningContainer;
    let shop: Pod;

    const admit = (name: string, spec: PodSpec) =>
      admitPod(containerd, { name, spec, configMaps: { 'portfence-policy': configMap } });
    const setPolicy = (text: string) => writeConfigMap(configMap, { 'policy.yaml': text });
    const onHost = async (...argv: [string, ...string[]]) => (await run(containerd.enter(argv))).stdout.trim();
    const ready = () =>
      vi.waitFor(async () => {
        const probe = await agent.exec(AGENT_CONTAINER.readinessProbe?.exec.command ?? []);
        expect(probe.code, `${probe.stdout}${probe.stderr}${await agent.words()}`).toBe(0);
      }, PATIENCE);
    const startAgentPod = async () => {
      agentPod = await admit('portfence', AGENT);
      agent = await agentPod.start(AGENT_CONTAINER);
      await ready();
    };
    const newPodsRange = async () => {
      const one = await startPod(containerd, { name: 'fresh' });
      const range = await one.runToEnd('reader', ['cat', RANGE]);
      await one.remove();
      return range;
    };
    const ports = async () => {
      const seen = await seenFrom(shop.network, FROM, { protocol: 'udp' });
      for (const one of seen) expect(one.seen?.address).toBe(HOST.ipv4);
      return { all: seen.map((one) => one.seen?.port ?? 0), text: seenText(seen).join() };
    };
    /** Runs the clean-up's pod until it would be ready; gives what it said. */
    const cleanUp = async () => {
      const { start, pod } = await admit('portfence-cleanup', CLEANUP);
      const container = await start(CLEANUP_CONTAINER);
      expect(await ended(container), await container.words()).toBe(0);
      const idle = await pod.start('done', ['/bin/sleep'], { args: ['infinity'] });
      expect((await idle.status()).state).toBe(1);
      await pod.remove();
    };

    beforeAll(async () => {
      testbed = await buildTestbed({ allowed: [{ from: 1024, to: 65_535 }] });
      containerd = await startContainerd(testbed, { tree: await tree() });
      await containerd.load(archive);
      configMap = join(containerd.folder, 'policy');
      await mkdir(configMap);
      await setPolicy(fleet.policyText);
      shop = await startPod(containerd, { name: 'shop' });
      await startAgentPod();
    }, SID_TREE_MS);
    afterAll(() => testbed?.close());

    test('the agent has exactly the capabilities of the manifest, seccomp, and a root that it can’t write', async () => {
      const { stdout } = await agent.exec(['cat', '/proc/self/status']);
      const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(stdout)?.[1] ?? '';
      // capabilities(7): NET_ADMIN 12, NET_RAW 13, SYS_PTRACE 19, SYS_ADMIN 21.
      expect(BigInt(`0x${field('CapBnd')}`)).toBe((1n << 12n) | (1n << 13n) | (1n << 19n) | (1n << 21n));
      expect(field('Seccomp')).toBe('2');
      const written = await agent.exec(['sh', '-c', 'echo > /etc/x; echo 1 > /proc/sys/net/ipv4/ip_forward']);
      expect(written.stderr.match(/Read-only file system/g)).toHaveLength(2);
      expect((await agent.exec(['ls', '/var/run/secrets'])).code).not.toBe(0);
    });

    test('pods have the range with their first instruction, and leave in range; so does the node', async () => {
      expect(await newPodsRange()).toBe('49152\t61000');
      await vi.waitFor(async () => expect((await shop.network.run(['cat', RANGE])).stdout.trim()).toBe('49152\t61000'));
      expect(await onHost('cat', RANGE)).toBe('49152\t61000');
      const { all, text } = await ports();
      expect(
        all.every((port) => hasPort(samplePolicy.ports, port)),
        text,
      ).toBe(true);
    });

    test('rules of iptables-legacy, as older nodes have them, are read and followed', async () => {
      const ELSEWHERE = '198.51.100.0/24';
      const rule = ['POSTROUTING', '-s', ELSEWHERE, '-o', 'eth0', '-j', 'SNAT', '--to-source', HOST.ipv4] as const;
      const chain = () => onHost('nft', 'list', 'table', 'inet', 'portfence');
      expect(await chain()).not.toContain(ELSEWHERE);
      await onHost('iptables-legacy', '-t', 'nat', '-A', ...rule);
      await vi.waitFor(async () => expect(await chain()).toContain(ELSEWHERE), PATIENCE);
      await ready();
      await onHost('iptables-legacy', '-t', 'nat', '-D', ...rule);
      await vi.waitFor(async () => expect(await chain()).not.toContain(ELSEWHERE), PATIENCE);
    });

    test('the pod of helm test sends real packets and passes', async () => {
      const { start, pod } = await admit('portfence-verify', VERIFY);
      const container = await start(VERIFY_CONTAINER);
      expect(await ended(container), await container.words()).toBe(0);
      expect(await container.words()).toContain('VERIFIED');
      await pod.remove();
    });

    test('a changed ConfigMap is followed; a bad one is refused, and the last good one stays', async () => {
      await setPolicy('ports: 50000-59999\n');
      await vi.waitFor(async () => expect(await onHost('cat', RANGE)).toBe('50000\t59999'), PATIENCE);
      // The node has it a moment before the pods.
      await vi.waitFor(async () => expect(await newPodsRange()).toBe('50000\t59999'), PATIENCE);
      await setPolicy('ports: 80\n');
      await vi.waitFor(async () => expect(await agent.words()).toContain('the new policy is refused'), PATIENCE);
      expect(await onHost('cat', RANGE)).toBe('50000\t59999');
      await setPolicy(fleet.policyText);
      await vi.waitFor(async () => expect(await onHost('cat', RANGE)).toBe('49152\t61000'), PATIENCE);
      await ready();
    });

    test('an update that kills the agent leaves the fence up, and the next agent takes it over', async () => {
      const rules = () => onHost('nft', 'list', 'chain', 'inet', 'portfence', 'confine');
      const before = await rules();
      await agentPod.pod.remove();
      expect(await rules()).toBe(before);
      const { all, text } = await ports();
      expect(
        all.every((port) => hasPort(samplePolicy.ports, port)),
        text,
      ).toBe(true);
      await startAgentPod();
      expect(await agent.words()).not.toContain('runs here already');
    });

    test('the clean-up leaves nothing, first beside the agent and then without it', async () => {
      const left = async () => ({
        rules: await onHost('nft', 'list', 'tables'),
        host: await onHost('cat', RANGE),
        pod: (await shop.network.run(['cat', RANGE])).stdout.trim(),
      });
      const nothing = { rules: expect.not.stringContaining('portfence'), host: '32768\t60999', pod: '32768\t60999' };
      await cleanUp();
      await vi.waitFor(async () => expect(await left()).toEqual(nothing), PATIENCE);
      // An agent that ends in good order and starts anew fences the node again: hence the second time.
      await agent.stop(15);
      await agentPod.pod.remove();
      await startAgentPod();
      expect((await left()).rules).toContain('portfence');
      await agentPod.pod.remove();
      await cleanUp();
      expect(await left()).toEqual(nothing);
      expect(await onHost('sh', '-c', 'ls -d /run/portfence 2>&1 || true')).toContain('No such file');
    });

    test.each([
      ['NET_ADMIN', 'nft may not ask the kernel (EPERM)'],
      ['SYS_ADMIN', "can't make a network namespace"],
    ])('without %s the agent says what is missing, and is not ready', async (missing, words) => {
      const { securityContext } = AGENT_CONTAINER;
      const add = securityContext.capabilities.add?.filter((one) => one !== missing) ?? [];
      const { start, pod } = await admit('less', AGENT);
      const less = { ...securityContext, capabilities: { drop: ['ALL'], add } };
      const container = await start({ ...AGENT_CONTAINER, securityContext: less });
      await vi.waitFor(async () => expect(await container.words()).toContain(words), PATIENCE);
      expect((await container.exec(AGENT_CONTAINER.readinessProbe?.exec.command ?? [])).code).not.toBe(0);
      await pod.remove();
    });
  });
});
