import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { run } from '../../../src/system/run.ts';
import type { Argv, CommandResult, RunOptions } from '../../../src/system/system.ts';
import { BASE, type Containerd } from './containerd.ts';

/** The engine's number for a container that has ended. */
const EXITED = 2;

/** What a pod is to be, in the words of CRI. */
export interface PodOptions {
  readonly name: string;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly hostNetwork?: boolean;
  readonly hostPid?: boolean;
  /** `hostUsers: false` of Kubernetes. */
  readonly ownUsers?: boolean;
  readonly ports?: readonly { readonly container: number; readonly host: number }[];
}

/** A pod's sandbox, and the containers in it. */
export interface Pod {
  /** The address that CNI gave it; empty on the host's network. */
  readonly ip: string;
  /** Starts a container; `config` is laid over what the tests use. */
  start(
    name: string,
    command: readonly string[],
    config?: Readonly<Record<string, unknown>>,
  ): Promise<RunningContainer>;
  /** Starts a container, waits for its end, and gives what it wrote to standard output. */
  runToEnd(name: string, command: readonly string[], config?: Readonly<Record<string, unknown>>): Promise<string>;
  /** The pod's network namespace, for commands of this machine. */
  readonly network: { enter(argv: Argv): Argv; run(argv: Argv, options?: RunOptions): Promise<CommandResult> };
  remove(): Promise<void>;
}

export interface RunningContainer {
  readonly id: string;
  status(): Promise<{ readonly state: number; readonly exitCode: number }>;
  /** Everything that it wrote, both streams. */
  words(): Promise<string>;
  exec(command: readonly string[]): Promise<CommandResult>;
  /** SIGTERM, then SIGKILL after the seconds. */
  stop(seconds: number): Promise<void>;
}

const USERS = [{ host_id: 100_000, container_id: 0, length: 65_536 }];
const OWN_USERS = { mode: 0, uids: USERS, gids: USERS };
const NODE = 2;
const OWN = 1;
let count = 0;

/** Starts a pod, as a kubelet does. */
export async function startPod(containerd: Containerd, options: PodOptions): Promise<Pod> {
  const { cri, folder, cgroup } = containerd;
  count += 1;
  const uid = `pod-${count}`;
  const namespaces = {
    network: options.hostNetwork ? NODE : 0,
    pid: options.hostPid ? NODE : OWN,
    ipc: 0,
    ...(options.ownUsers ? { userns_options: OWN_USERS } : {}),
  };
  const sandbox = {
    metadata: { name: options.name, uid, namespace: 'default', attempt: 0 },
    hostname: options.hostNetwork ? '' : options.name,
    log_directory: join(folder, 'logs', uid),
    port_mappings: (options.ports ?? []).map(({ container, host }) => ({ container_port: container, host_port: host })),
    linux: {
      cgroup_parent: `/${cgroup}/${uid}`,
      sysctls: options.sysctls ?? {},
      security_context: { namespace_options: namespaces },
    },
  };
  const { pod_sandbox_id } = await cri.call('RunPodSandbox', { config: sandbox });
  const { status, info } = await cri.call('PodSandboxStatus', { pod_sandbox_id, verbose: true });
  const start: Pod['start'] = async (name, command, config = {}) => {
    const log = `${name}.log`;
    const { container_id } = await cri.call('CreateContainer', {
      pod_sandbox_id,
      sandbox_config: sandbox,
      config: {
        metadata: { name, attempt: 0 },
        image: { image: BASE },
        command,
        log_path: log,
        ...config,
        linux: { security_context: { ...securityOf(config), namespace_options: namespaces } },
      },
    });
    await cri.call('StartContainer', { container_id });
    return containerOf(containerd, String(container_id), join(sandbox.log_directory, log));
  };
  const netns = () => pathIn(info);
  const enter = (argv: Argv): Argv => containerd.enter(['nsenter', `--net=${netns()}`, '--', ...argv]);
  return {
    ip: String(Reflect.get(Object(Reflect.get(Object(status), 'network')), 'ip') ?? ''),
    start,
    runToEnd: async (name, command, config) => {
      const started = await start(name, command, config);
      await ended(started);
      return started.words();
    },
    network: { enter, run: (argv, more) => run(enter(argv), more) },
    remove: async () => {
      await cri.call('StopPodSandbox', { pod_sandbox_id });
      await cri.call('RemovePodSandbox', { pod_sandbox_id });
    },
  };
}

export const ended = (container: RunningContainer): Promise<number> =>
  vi.waitFor(
    async () => {
      const { state, exitCode } = await container.status();
      if (state !== EXITED) throw new Error(`it runs: ${await container.words()}`);
      return exitCode;
    },
    { timeout: 60_000, interval: 50 },
  );

const securityOf = (config: Readonly<Record<string, unknown>>): object =>
  Object(Reflect.get(Object(config['linux'] ?? {}), 'security_context') ?? {});

/** containerd tells the sandbox's namespace in its verbose answer. */
function pathIn(info: unknown): string {
  const text: unknown = Reflect.get(Object(info), 'info');
  const spec = Reflect.get(Object(JSON.parse(String(text))), 'runtimeSpec');
  const { namespaces } = Reflect.get(Object(spec), 'linux');
  const network = namespaces.find((one: { type: string }) => one.type === 'network');
  return network.path;
}

function containerOf({ cri }: Containerd, id: string, log: string): RunningContainer {
  return {
    id,
    status: async () => {
      const { status } = await cri.call('ContainerStatus', { container_id: id });
      const { state, exit_code } = Object(status);
      return { state, exitCode: exit_code };
    },
    words: async () => {
      const text = await readFile(log, 'utf8').catch(() => '');
      return text
        .split('\n')
        .map((line) => line.split(' ').slice(3).join(' '))
        .join('\n')
        .trimEnd();
    },
    exec: async (cmd) => {
      const { stdout, stderr, exit_code } = await cri.call('ExecSync', { container_id: id, cmd, timeout: 60 });
      return { code: Number(exit_code), stdout: String(stdout), stderr: String(stderr) };
    },
    stop: async (timeout) => {
      await cri.call('StopContainer', { container_id: id, timeout });
    },
  };
}
