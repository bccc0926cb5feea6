import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { withEngineHost } from '../../../src/lab/engine-host.ts';
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
  readonly cri: CriClient;
  /** Removed with the testbed; the same path inside. */
  readonly folder: string;
  readonly cgroup: string;
  /** The same command, run in the engine's mount, process and network namespaces. */
  enter(argv: Argv): Argv;
  /** Imports an archive of an image. */
  load(archive: string): Promise<void>;
}

const configuration = (folder: string): string => `version = 2
root = "${folder}/root"
state = "${folder}/state"
[grpc]
  address = "${folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE}"
  disable_apparmor = true
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
`;

const NETWORK = {
  cniVersion: '0.4.0',
  name: 'pods',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      ipMasq: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.244.0.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

/** Starts it, in a few seconds; `morePlugins` come last in CNI's list. Throws with the end of its log where it does not come up. */
export function startContainerd(testbed: Testbed, morePlugins: readonly object[] = []): Promise<Containerd> {
  return withEngineHost(testbed, async ({ folder, cgroup, enter: inHost }) => {
    const enter = (argv: Argv): Argv => testbed.host.enter(inHost(argv));
    const expect = async (argv: Argv): Promise<string> => {
      const { code, stdout, stderr } = await run(enter(argv), { timeoutMs: 120_000 });
      if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr}`);
      return stdout;
    };
    // As on a node: what is mounted below /run later reaches the containers that ask for it.
    await expect(['mount', '--make-rshared', '/run']);
    for (const part of ['cni', 'lib-cni', 'logs']) await mkdir(join(folder, part));
    await expect(['mkdir', '-p', '/var/lib/cni']);
    await expect(['mount', '--bind', join(folder, 'lib-cni'), '/var/lib/cni']);
    const file = join(folder, 'config.toml');
    await writeFile(file, configuration(folder));
    await writeFile(
      join(folder, 'cni/10-pods.conflist'),
      JSON.stringify({ ...NETWORK, plugins: [...NETWORK.plugins, ...morePlugins] }),
    );
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
      await expect(['ctr', ...address, 'images', 'import', '--snapshotter', 'native', archive]);
    };
    /** `import ... TAR NAME`, as Docker and podman take it. */
    const imported = async (args: readonly string[]): Promise<string> => {
      const [tar = ''] = args.slice(-2);
      await load(await imageArchive(tar, { name: PAUSE, entrypoint: ['/bin/sleep', 'infinity'], folder }));
      await load(await imageArchive(tar, { name: BASE, entrypoint: ['/bin/sh'], folder }));
      return '';
    };
    await importImage({ expect: imported, folder }, BASE);
    return { cri, folder, cgroup, enter, load };
  });
}
