import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';
import {
  containerListRequest,
  type PodSandbox,
  type PodSandboxStatus,
  podListRequest,
  podStatusRequest,
  readPodContainers,
  readPodStatus,
  readPods,
} from './cri-messages.ts';
import type { Sandbox } from './engine-sandboxes.ts';
import { fields, list, text } from './untrusted.ts';

export interface DescribedPod extends PodSandbox {
  readonly addresses: readonly string[];
  readonly images: readonly string[];
}

/** A container runtime that a kubelet drives. */
export interface PodRuntime {
  /** The pods that run. Throws where the runtime does not answer. */
  pods(): Promise<readonly PodSandbox[]>;
  /** Its network namespace, and the settings that were chosen for it; undefined for one of the host's own network. */
  sandbox(pod: PodSandbox): Promise<Sandbox | undefined>;
  /** The pods that run, with their addresses and the images of what runs in them. */
  described(): Promise<readonly DescribedPod[]>;
}

/**
 * Where runtimes listen, and the folder that is there where they have pods: Docker's own containerd has none, and is not asked.
 * k3s and microk8s have a containerd of their own.
 */
const USUAL = [
  { socket: '/run/containerd/containerd.sock', pods: '/run/containerd/io.containerd.runtime.v2.task/k8s.io' },
  { socket: '/run/k3s/containerd/containerd.sock', pods: '/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io' },
  {
    socket: '/var/snap/microk8s/common/run/containerd.sock',
    pods: '/var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io',
  },
  { socket: '/run/crio/crio.sock', pods: '/run/crio' },
] as const;

/** Milliseconds for one answer. */
const PATIENCE_MS = 2000;
const AT_ONCE = 8;
const UNIMPLEMENTED = 12;
/** Kubernetes 1.26 and older drive containerd 1.5 and older by v1alpha2, whose messages are the same. */
const VERSIONS = ['v1', 'v1alpha2'] as const;

/** The sockets of the runtimes that have pods here; CONTAINER_RUNTIME_ENDPOINT, as crictl(1) reads it, takes their place. */
export async function podSockets(system: System): Promise<readonly string[]> {
  const told = text(system.env['CONTAINER_RUNTIME_ENDPOINT']);
  if (told !== undefined) return [told.replace(/^unix:\/\//, '')];
  const found = await Promise.all(
    USUAL.map(async ({ socket, pods }) => ((await system.list(pods).catch(() => [])).length > 0 ? [socket] : [])),
  );
  return found.flat();
}

/** Speaks to the runtime behind a socket. */
export function podRuntime(system: System, socket: string): PodRuntime {
  let version: (typeof VERSIONS)[number] = VERSIONS[0];
  const call = async (method: string, request: Uint8Array): Promise<Uint8Array> => {
    const asked = version;
    const ask = () => system.grpc(socket, `/runtime.${version}.RuntimeService/${method}`, request, PATIENCE_MS);
    try {
      return await ask();
    } catch (error) {
      if (asked !== VERSIONS[0] || !isUnimplemented(error)) throw error;
      version = VERSIONS[1];
      return ask();
    }
  };
  const pods = async () => readPods(await call('ListPodSandbox', podListRequest()));
  const status = async ({ id }: PodSandbox, verbose: boolean): Promise<PodSandboxStatus | undefined> => {
    const answer = await call('PodSandboxStatus', podStatusRequest(id, verbose)).catch(() => undefined);
    return answer && readPodStatus(answer); // One that has ended meanwhile does not matter.
  };
  return {
    pods,
    sandbox: async (pod) => sandboxOf(pod, (await status(pod, true))?.info),
    described: async () => {
      const [all, containers] = await Promise.all([pods(), call('ListContainers', containerListRequest())]);
      const running = readPodContainers(containers);
      const described: DescribedPod[] = [];
      for (let i = 0; i < all.length; i += AT_ONCE)
        described.push(
          ...(await Promise.all(
            all.slice(i, i + AT_ONCE).map(async (pod) => {
              const images = running.flatMap(({ sandbox, image }) => (sandbox === pod.id ? image : []));
              return { ...pod, addresses: (await status(pod, false))?.addresses ?? [], images };
            }),
          )),
        );
      return described;
    },
  };
}

const isUnimplemented = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === UNIMPLEMENTED;

/** Reads what containerd and CRI-O add to a sandbox's status: the OCI runtime's specification of its first process. */
function sandboxOf({ name, namespace }: PodSandbox, info: string | undefined): Sandbox | undefined {
  const linux = fields(fields(fields(parsed(info))['runtimeSpec'])['linux']);
  const network = list(linux['namespaces'])
    .map(fields)
    .find(({ type }) => type === 'network');
  const path = text(network?.['path']);
  if (path === undefined || !/^\/\P{Cc}+$/u.test(path)) return undefined;
  const chosen = Object.entries(fields(linux['sysctl'])).flatMap(([key, value]) =>
    typeof value === 'string' ? [[key, value.trim().replaceAll(/\s+/g, ' ')] as const] : [],
  );
  return {
    container: scrub(`${namespace}/${name}`),
    path: path.replace(/^\/var\/run\//, '/run/'),
    joins: undefined,
    chosen: Object.fromEntries(chosen),
  };
}

function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? '');
  } catch {
    return undefined;
  }
}
