import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PortfenceError } from '../errors.ts';
import { startLoggedChild } from '../system/child.ts';
import { run } from '../system/run.ts';
import type { Argv, CommandResult, RunOptions } from '../system/system.ts';
import { type EngineHost, withEngineHost } from './engine-host.ts';
import { importImage } from './image.ts';
import type { Namespace } from './namespace.ts';
import type { Testbed } from './testbed.ts';

const SERVICE_MS = 20_000;
const POLL_MS = 50;

/** What makes podman's networks: netavark, or CNI plugins before version 4. */
export type PodmanNetwork = 'cni' | 'netavark';

/** A real podman in the testbed's host namespace, with everything it owns in a private folder. It has no daemon. */
export interface Podman {
  /** Runs podman; 120 s unless given. */
  podman(args: readonly string[], options?: RunOptions): Promise<CommandResult>;
  /** As `podman`, but throws PortfenceError with its words where it fails. Gives standard output, trimmed. */
  expect(args: readonly string[], options?: RunOptions): Promise<string>;
  /** `podman run` with these flags, in the engine host's own control groups. */
  runContainer(args: readonly string[]): Promise<string>;
  /** The same command, run in the engine's mount, process and network namespaces. */
  enter(argv: Argv): Argv;
  /** A running container's network namespace, for commands of this machine. */
  inContainer(container: string): Promise<Pick<Namespace, 'run' | 'enter'>>;
  /** Makes an image of this machine's busybox and curl; gives its name. No registry is asked. */
  importImage(): Promise<string>;
  /** Starts the API at its usual socket, `/run/podman/podman.sock` inside. */
  serve(): Promise<void>;
  /** Ends everything at once and removes its data. The testbed does it too when it closes. */
  close(): Promise<void>;
}

/** runc, since Debian's crun refuses control groups of both versions side by side; files and locks where only the engine host sees them. */
const configuration = (network: PodmanNetwork): string => `[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "${network}"
`;
const STORAGE = `[storage]
driver = "vfs"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
`;

/**
 * Prepares a podman, in a fraction of a second: the machine's own, or with all other programs the one of a Debian's tree. Throws
 * PortfenceError where the machine refuses.
 */
export function preparePodman(
  testbed: Testbed,
  network: PodmanNetwork,
  debian: { readonly tree?: string | undefined } = {},
): Promise<Podman> {
  const work = async (engineHost: EngineHost, close: () => Promise<void>): Promise<Podman> => {
    await prepareRoot(engineHost, network);
    return podmanIn(engineHost, testbed.host, close);
  };
  return withEngineHost(testbed, work, debian);
}

async function prepareRoot(engineHost: EngineHost, network: PodmanNetwork): Promise<void> {
  await writeFile(join(engineHost.folder, 'containers.conf'), configuration(network));
  await writeFile(join(engineHost.folder, 'storage.conf'), STORAGE);
  const steps: readonly Argv[] = [
    ...['/var/lib', '/dev/shm'].map((point): Argv => ['mount', '-t', 'tmpfs', 'tmpfs', point]),
    ['mkdir', '-p', '/etc/containers'],
    ['cp', join(engineHost.folder, 'containers.conf'), join(engineHost.folder, 'storage.conf'), '/etc/containers/'],
  ];
  for (const argv of steps) {
    const { code, stderr } = await run(engineHost.enter(argv));
    if (code !== 0) throw new PortfenceError('SYSTEM', `${argv.join(' ')} ended with ${code}: ${stderr.trim()}`);
  }
}

function podmanIn(engineHost: EngineHost, host: Namespace, close: () => Promise<void>): Podman {
  const enter = (argv: Argv): Argv => host.enter(engineHost.enter(argv));
  const podman: Podman['podman'] = (args, options) =>
    run(enter(['podman', ...args]), { timeoutMs: 120_000, ...options });
  const expect: Podman['expect'] = async (args, options) => {
    const { code, stdout, stderr } = await podman(args, options);
    if (code !== 0) throw new PortfenceError('SYSTEM', `podman ${args.join(' ')} ended with ${code}: ${stderr.trim()}`);
    return stdout.trim();
  };
  const serve = async (): Promise<void> => {
    const socket = '/run/podman/podman.sock';
    const log = join(engineHost.folder, 'service.log');
    await run(engineHost.enter(['mkdir', '-p', '/run/podman']));
    await startLoggedChild(enter(['podman', 'system', 'service', '--time', '0', `unix://${socket}`]), log);
    const deadline = Date.now() + SERVICE_MS;
    const ask: Argv = ['curl', '--silent', '--fail', '--unix-socket', socket, 'http://localhost/_ping'];
    while ((await run(engineHost.enter(ask))).code !== 0) {
      if (Date.now() > deadline)
        throw new PortfenceError('SYSTEM', `the podman service of the lab did not answer within ${SERVICE_MS} ms`);
      await sleep(POLL_MS);
    }
  };
  return {
    podman,
    expect,
    runContainer: (args) => expect(['run', '--cgroup-parent', `/${engineHost.cgroup}`, ...args]),
    enter,
    inContainer: async (container) => {
      const sandbox = await expect(['inspect', '--format', '{{.NetworkSettings.SandboxKey}}', container]);
      const inside = (argv: Argv): Argv => engineHost.enter(['nsenter', `--net=${sandbox}`, '--', ...argv]);
      return { enter: inside, run: (argv, more) => run(inside(argv), more) };
    },
    importImage: () => importImage({ expect, folder: engineHost.folder }),
    serve,
    close,
  };
}
