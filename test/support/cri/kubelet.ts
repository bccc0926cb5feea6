import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../src/system/run.ts';
import type { Containerd } from './containerd.ts';
import { type Pod, type RunningContainer, startPod } from './pod.ts';

/** The parts of a pod that the chart uses (k8s.io/api/core/v1). */
export interface PodSpec {
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly volumes: readonly {
    readonly name: string;
    readonly hostPath?: { readonly path: string; readonly type: string };
    readonly configMap?: { readonly name: string };
    readonly emptyDir?: object;
  }[];
  readonly initContainers?: readonly ContainerSpec[];
  readonly containers: readonly ContainerSpec[];
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly securityContext: {
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities: { readonly add?: readonly string[]; readonly drop: readonly string[] };
  };
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
    readonly mountPropagation?: string;
  }[];
  readonly readinessProbe?: { readonly exec: { readonly command: readonly string[] } };
}

/** What the kubelet hides from containers, and what it makes read-only (k8s.io/kubernetes/pkg/securitycontext). */
const MASKED = ['/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list', '/sys/firmware'];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];
const ROOT = { value: 0 };
const HOST_TO_CONTAINER = 1;

/** A pod of a manifest, run by a containerd as the kubelet would have it run. */
export interface KubeletPod {
  /** Starts a container of the pod. */
  start(container: ContainerSpec): Promise<RunningContainer>;
  readonly pod: Pod;
}

/** Makes the pod's sandbox and the folders that its volumes name; `configMaps` are folders by name. */
export async function admitPod(
  containerd: Containerd,
  { name, spec, configMaps }: { name: string; spec: PodSpec; configMaps: Readonly<Record<string, string>> },
): Promise<KubeletPod> {
  const pod = await startPod(containerd, {
    name,
    hostNetwork: spec.hostNetwork ?? false,
    hostPid: spec.hostPID ?? false,
  });
  const paths = new Map<string, string>();
  for (const volume of spec.volumes) {
    const path =
      volume.hostPath?.path ?? configMaps[volume.configMap?.name ?? ''] ?? join(containerd.folder, volume.name);
    if (volume.hostPath?.type === 'FileOrCreate') await inHost(containerd, ['touch', path]);
    else if (volume.hostPath?.type !== 'Directory') await inHost(containerd, ['mkdir', '-p', path]);
    paths.set(volume.name, path);
  }
  let count = 0;
  const start = ({ name: own, image, command, args, env, securityContext, volumeMounts = [] }: ContainerSpec) => {
    count += 1;
    const { add = [], drop } = securityContext.capabilities;
    return pod.start(`${own}-${count}`, command, {
      image: { image: `docker.io/library/${image}` },
      args,
      envs: env.map((one) => ({ key: one.name, value: one.value })),
      mounts: volumeMounts.map((mount) => ({
        container_path: mount.mountPath,
        host_path: paths.get(mount.name),
        readonly: mount.readOnly ?? false,
        propagation: mount.mountPropagation === 'HostToContainer' ? HOST_TO_CONTAINER : 0,
      })),
      linux: {
        security_context: {
          capabilities: { add_capabilities: add, drop_capabilities: drop },
          run_as_user: ROOT,
          run_as_group: ROOT,
          readonly_rootfs: securityContext.readOnlyRootFilesystem ?? false,
          seccomp: { profile_type: 0 },
          masked_paths: MASKED,
          readonly_paths: READ_ONLY,
        },
      },
    });
  };
  return { start, pod };
}

async function inHost(containerd: Containerd, argv: readonly [string, ...string[]]): Promise<void> {
  const { code, stderr } = await run(containerd.enter(argv));
  if (code !== 0) throw new Error(stderr);
}

/** Writes a ConfigMap's files as the kubelet does: a folder of this version, and one link that is set anew in one step. */
export async function writeConfigMap(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  const version = `..${Object.values(files).join().length}-${process.hrtime.bigint()}`;
  await mkdir(join(folder, version), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, version, name), text);
    await symlink(join('..data', name), join(folder, name)).catch(() => {}); // It is there from the first time on.
  }
  await rm(join(folder, '..data_tmp'), { force: true });
  await symlink(version, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
}
