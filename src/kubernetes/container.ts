import type { Fleet } from './manifest.ts';

/** Where the container finds the program, and the host's folders that it may write to. */
const PROGRAM = '/usr/bin/portfence';
const HOST_RUN = '/host/run';
const HOST_SETTINGS = '/host/proc/sys';

/**
 * Capabilities of the agent's container. SYS_ADMIN enters namespaces and makes the empty one in which rules are tried; NET_RAW is
 * for iptables-legacy, which lists the rules of kube-proxy and CNIs on older nodes over a raw socket.
 */
export const AGENT_CAPABILITIES = ['NET_ADMIN', 'SYS_ADMIN', 'SYS_PTRACE', 'NET_RAW'] as const;

type Mount = Readonly<Record<string, unknown>>;

interface HostFolder {
  readonly name: string;
  readonly mountPath: string;
  readonly path: string;
  readonly type: string;
  readonly more?: Mount;
}

const STATE: readonly HostFolder[] = [
  { name: 'state', mountPath: '/run/portfence', path: '/run/portfence', type: 'DirectoryOrCreate' },
];
/** The folder above, so that the agent's own can go. */
const RUN: readonly HostFolder[] = [{ name: 'run', mountPath: HOST_RUN, path: '/run', type: 'Directory' }];
const SHARED: readonly HostFolder[] = [
  { name: 'xtables-lock', mountPath: '/run/xtables.lock', path: '/run/xtables.lock', type: 'FileOrCreate' },
  {
    name: 'netns',
    mountPath: '/run/netns',
    path: '/run/netns',
    type: 'DirectoryOrCreate',
    more: { mountPropagation: 'HostToContainer' },
  },
  { name: 'settings', mountPath: `${HOST_SETTINGS}/net`, path: '/proc/sys/net', type: 'Directory' },
];

/** Host folders of a container that serves the fence (`state`) or takes it away for good (`run`). */
export function hostFolders(kind: 'state' | 'run'): { volumes: readonly unknown[]; mounts: readonly Mount[] } {
  const all = [...(kind === 'state' ? STATE : RUN), ...SHARED];
  return {
    volumes: all.map(({ name, path, type }) => ({ name, hostPath: { path, type } })),
    mounts: all.map(({ name, mountPath, more }) => ({ name, mountPath, ...more })),
  };
}

/** The image by its digest where one is given, else by its tag. */
export function imageOf({ values: { image }, version }: Fleet): string {
  return image.digest === '' ? `${image.repository}:${image.tag || version}` : `${image.repository}@${image.digest}`;
}

/** A container that runs portfence with these arguments as root of the node, with no more than it needs. */
export function nodeContainer(
  fleet: Fleet,
  {
    name,
    args,
    kind,
    capabilities,
  }: {
    readonly name: string;
    readonly args: readonly string[];
    readonly kind: 'state' | 'run';
    readonly capabilities: readonly string[];
  },
): Readonly<Record<string, unknown>> & { readonly volumeMounts: readonly Mount[]; readonly env: readonly unknown[] } {
  return {
    name,
    image: imageOf(fleet),
    imagePullPolicy: fleet.values.image.pullPolicy,
    command: [PROGRAM],
    args: [...args],
    env: [
      { name: 'PORTFENCE_STATE_DIR', value: kind === 'state' ? '/run/portfence' : `${HOST_RUN}/portfence` },
      { name: 'PORTFENCE_PROC_SYS', value: HOST_SETTINGS },
    ],
    resources: fleet.values.resources,
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: [...capabilities] },
    },
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }, ...hostFolders(kind).mounts],
  };
}

/** What every pod on a node has: the node's network and processes, no rights at the API. */
export function nodePod(
  fleet: Fleet,
  kind: 'state' | 'run',
): Readonly<Record<string, unknown>> & { readonly volumes: readonly unknown[] } {
  const { values } = fleet;
  return {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    hostNetwork: true,
    hostPID: true,
    ...(values.priorityClassName === '' ? {} : { priorityClassName: values.priorityClassName }),
    ...(values.image.pullSecrets.length === 0 ? {} : { imagePullSecrets: values.image.pullSecrets }),
    nodeSelector: values.nodeSelector,
    ...(Object.keys(values.affinity).length === 0 ? {} : { affinity: values.affinity }),
    tolerations: values.tolerations,
    securityContext: { seccompProfile: { type: 'RuntimeDefault' }, appArmorProfile: values.appArmorProfile },
    volumes: [{ name: 'tmp', emptyDir: { medium: 'Memory', sizeLimit: '16Mi' } }, ...hostFolders(kind).volumes],
  };
}
