import { afterEach, beforeEach, expect, test } from 'vitest';
import { engineSysctls } from '../../src/install/engine-sysctls.ts';
import { preparePodman } from '../../src/lab/podman.ts';
import { buildTestbed, type Testbed } from '../../src/lab/testbed.ts';
import { run } from '../../src/system/run.ts';
import { startContainerd } from '../support/cri/containerd.ts';
import { startPod } from '../support/cri/pod.ts';
import { CONTAINERD, needs, PODMAN } from '../support/needs.ts';
import { samplePolicy } from '../support/samples.ts';
import { ENGINES_OF, SID_TREE_MS } from '../support/sid-tree.ts';

const READ = ['cat', '/proc/sys/net/ipv4/ip_local_port_range', '/proc/sys/net/ipv4/tcp_timestamps'];
const GIVEN = '49152\t61000\n2';

needs(
  ...PODMAN,
  ...CONTAINERD,
  'debootstrap',
)('what native prints, given to the engine, without an agent', () => {
  let testbed: Testbed;
  beforeEach(async () => {
    testbed = await buildTestbed({ allowed: samplePolicy.ports });
  });
  afterEach(() => testbed?.close());

  test.each(ENGINES_OF)(
    'podman of %s gives its containers the range; a choice goes before it',
    { timeout: SID_TREE_MS },
    async (_, tree) => {
      const podman = await preparePodman(testbed, 'netavark', { tree: await tree() });
      const image = await podman.importImage();
      expect(await podman.runContainer(['--rm', image, ...READ])).toBe('32768\t60999\n1');
      const folder = '/etc/containers/containers.conf.d';
      await run(podman.enter(['mkdir', '-p', folder]));
      const text = engineSysctls(samplePolicy, 'podman')?.text ?? '';
      await run(podman.enter(['tee', `${folder}/50-portfence.conf`]), { input: text });
      expect(await podman.runContainer(['--rm', image, ...READ])).toBe(GIVEN);
      const chosen = ['--sysctl', 'net.ipv4.ip_local_port_range=20000 30000'];
      expect(await podman.runContainer(['--rm', ...chosen, image, ...READ])).toBe('20000\t30000\n2');
    },
  );

  test.each(ENGINES_OF)(
    'a CNI network of containerd of %s gives its pods the range; a choice goes before it',
    { timeout: SID_TREE_MS },
    async (_, tree) => {
      const plugin: object = JSON.parse(engineSysctls(samplePolicy, 'cni')?.text ?? '');
      const containerd = await startContainerd(testbed, { tree: await tree(), morePlugins: [plugin] });
      const pod = await startPod(containerd, { name: 'shop' });
      expect(await pod.runToEnd('reader', READ)).toBe(GIVEN);
      const sysctls = { 'net.ipv4.ip_local_port_range': '20000 30000' };
      const chooser = await startPod(containerd, { name: 'chooser', sysctls });
      expect(await chooser.runToEnd('reader', READ)).toBe('20000\t30000\n2');
    },
  );
});
