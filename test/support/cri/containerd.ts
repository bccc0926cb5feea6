import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { type EngineHost, withEngineHost } from '../../../src/lab/engine-host.ts';
import { importImage } from '../../../src/lab/image.ts';
import type { Testbed } from '../../../src/lab/testbed.ts';
import { startLoggedChild } from '../../../src/system/child.ts';
import { run } from '../../../src/system/run.ts';
import type { Argv } from '../../../src/system/system.ts';
import { imageArchive } from './archive.ts';
import { type CriClient, openCri } from './client.ts';

const PAUSE = 'localhost/portfence-lab/pause:1';
/** What pods run in the tests. */
export const BASE = 'localhost/portfence-lab/base:1';

/** A real containerd with CNI's bridge plugin in the testbed's host namespace, spoken to over CRI as a kubelet does. */
export interface Containerd {
  /** 1 or 2. */
  readonly major: number;
  readonly cri: CriClient;
  /** Removed with the testbed; the same path inside. */
  readonly folder: string;
  readonly cgroup: string;
  /** The same command, run in the engine's mount, process and network namespaces. */
  enter(argv: Argv): Argv;
  /** Imports an archive of an image. */
  load(archive: string): Promise<void>;
}

/** What containerd 1 reads. */
const configurationOf1 = (folder: string): string => `version = 2
${files(folder)}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
`;

/** The same for containerd 2, which has images and pods in plugins of their own. */
const configurationOf2 = (folder: string): string => `version = 3
${files(folder)}
[plugins."io.containerd.snapshotter.v1.overlayfs"]
  slow_chown = true # Where the kernel can't map the users of a mount on tmpfs: before 6.3.
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "${PAUSE}"
[plugins."io.containerd.cri.v1.runtime"]
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["/usr/lib/cni"]
    conf_dir = "${folder}/cni"
`;

const files = (folder: string): string => `root = "${folder}/root"
state = "${folder}/state"
[grpc]
  address = "${folder}/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "${folder}/opt"`;

const network = (backend: NatBackend, more: readonly object[]) => ({
  cniVersion: '0.4.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: true,
      ...(backend === 'nftables' ? { ipMasqBackend: backend } : {}),
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.244.0.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true }, ...(backend === 'nftables' ? { backend } : {}) },
    ...more,
  ],
});

/** What CNI's plugins make their rules with; those before 1.6 know iptables alone. */
export type NatBackend = 'iptables' | 'nftables';

export interface ContainerdOptions {
  /** The Debian that it comes from with all other programs of the node; the machine's own unless given. */
  readonly tree?: string | undefined;
  /** iptables unless given. */
  readonly natBackend?: NatBackend;
  /** Come last in CNI's list. */
  readonly morePlugins?: readonly object[];
}

/** Starts it, in a few seconds. Throws with the end of its log where it does not come up. */
export function startContainerd(
  testbed: Testbed,
  { tree, natBackend = 'iptables', morePlugins = [] }: ContainerdOptions = {},
): Promise<Containerd> {
  const work = async ({ folder, cgroup, enter: inHost }: EngineHost): Promise<Containerd> => {
    const enter = (argv: Argv): Argv => testbed.host.enter(inHost(argv));
    const expect = async (argv: Argv): Promise<string> => {
      const { code, stdout, stderr } = await run(enter(argv), { timeoutMs: 120_000 });
      if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr}`);
      return stdout;
    };
    // As on a node: what is mounted below /run later reaches the containers that ask for it.
    await expect(['mount', '--make-rshared', '/run']);
    for (const part of ['cni', 'lib-cni', 'logs']) await mkdir(join(folder, part));
    // Containers share what they do not change, wherever the folder stands: the kernel may refuse layers upon layers.
    for (const part of ['root', 'state']) await expect(['mkdir', join(folder, part)]);
    await expect(['mount', '-t', 'tmpfs', 'tmpfs', join(folder, 'root')]);
    await expect(['mkdir', '-p', '/var/lib/cni']);
    await expect(['mount', '--bind', join(folder, 'lib-cni'), '/var/lib/cni']);
    // Where both are there, the plugins of 1.9 also look for iptables' rules to remove, and fail with iptables 1.8.13's words.
    if (natBackend === 'nftables') await expect(['sh', '-c', 'rm /usr/sbin/*tables*']);
    const file = join(folder, 'config.toml');
    const major = majorIn(await expect(['containerd', '--version']));
    await writeFile(file, major === 1 ? configurationOf1(folder) : configurationOf2(folder));
    await writeFile(join(folder, 'cni/10-pods.conflist'), JSON.stringify(network(natBackend, morePlugins)));
    const log = join(folder, 'log');
    await startLoggedChild(enter(['containerd', '--config', file]), log);
    const cri = openCri(join(folder, 'containerd.sock'));
    testbed.onClose(async () => cri.close());
    await vi
      .waitFor(() => cri.call('Version', {}), { timeout: 20_000, interval: 100 })
      .catch(async (cause) => {
        const words = (await readFile(log, 'utf8')).split('\n').slice(-8).join('\n');
        throw new Error(`containerd did not start: ${words}`, { cause });
      });
    const load = async (archive: string): Promise<void> => {
      const address = ['--address', join(folder, 'containerd.sock'), '--namespace', 'k8s.io'];
      // containerd 2 would import by a service that unpacks for its default snapshotter alone.
      const local = major === 1 ? [] : ['--local'];
      await expect(['ctr', ...address, 'images', 'import', ...local, '--snapshotter', 'overlayfs', archive]);
    };
    /** `import ... TAR NAME`, as Docker and podman take it. */
    const imported = async (args: readonly string[]): Promise<string> => {
      const [tar = ''] = args.slice(-2);
      await load(await imageArchive(tar, { name: PAUSE, entrypoint: ['/bin/sleep', 'infinity'], folder }));
      await load(await imageArchive(tar, { name: BASE, entrypoint: ['/bin/sh'], folder }));
      return '';
    };
    await importImage({ expect: imported, folder }, BASE);
    return { major, cri, folder, cgroup, enter, load };
  };
  return withEngineHost(testbed, work, { tree });
}

/** `containerd github.com/containerd/containerd 1.6.20~ds1 ...`, `containerd github.com/containerd/containerd/v2 2.1.9+...` */
const majorIn = (words: string): number => Number(/ v?(\d+)\.\d+\.\d+/.exec(words)?.[1]);
