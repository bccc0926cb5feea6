import { readAddress } from '../addresses.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';
import { type DescribedPod, podRuntime, podSockets } from './cri.ts';
import { canBeAsked } from './listening.ts';
import { fields, list, text } from './untrusted.ts';

/** What people call a running container. Every text is scrubbed. */
export interface ContainerName {
  readonly name: string;
  readonly image: string;
  /** Its compose project and service, or the pod and its namespace: `shop/web`. */
  readonly group?: string;
  readonly addresses: readonly string[];
}

const PATIENCE_MS = 2000;

/** Labels that name what a container is a part of, each as its whole and its part. */
const GROUP_LABELS = [
  ['com.docker.compose.project', 'com.docker.compose.service'],
  ['io.podman.compose.project', 'io.podman.compose.service'],
  ['io.kubernetes.pod.namespace', 'io.kubernetes.pod.name'],
  ['com.docker.stack.namespace', 'com.docker.swarm.service.name'],
] as const;

/**
 * The running containers of the engines behind these sockets, and the pods of a kubelet's runtime, by address. One that does not
 * answer has none. Never throws.
 */
export async function observeContainerNames(
  system: System,
  sockets: readonly string[],
): Promise<ReadonlyMap<string, ContainerName>> {
  const unlessSilent = async (socket: string, ask: () => Promise<readonly ContainerName[]>) => {
    try {
      return (await canBeAsked(system, socket)) ? await ask() : [];
    } catch {
      return [];
    }
  };
  const answers = await Promise.all([
    ...sockets.map((socket) =>
      unlessSilent(socket, async () =>
        readContainerNames(await system.getJson(socket, '/containers/json', PATIENCE_MS)),
      ),
    ),
    ...(await podSockets(system)).map((socket) =>
      unlessSilent(socket, async () => (await podRuntime(system, socket).described()).map(podName)),
    ),
  ]);
  return new Map(answers.flat().flatMap((one) => one.addresses.map((address) => [address, one] as const)));
}

/** A pod is a part of what its labels say, as Kubernetes recommends them, in its namespace. */
function podName({ name, namespace, labels, addresses, images }: DescribedPod): ContainerName {
  const part = labels['app.kubernetes.io/name'] ?? labels['app'] ?? name;
  return {
    name: scrub(name),
    image: scrub([...new Set(images)].join(', ')),
    group: scrub(`${namespace}/${part}`),
    addresses: addresses.flatMap((one) => readAddress(one) ?? []),
  };
}

/** Reads `GET /containers/json` (Docker's Engine API, podman's compatible one). */
export function readContainerNames(answer: unknown): ContainerName[] {
  return list(answer).flatMap((entry): ContainerName[] => {
    const container = fields(entry);
    const id = text(container['Id']);
    if (id === undefined) return [];
    const networks = Object.values(fields(fields(container['NetworkSettings'])['Networks'])).map(fields);
    const labels = fields(container['Labels']);
    const group = GROUP_LABELS.flatMap(([whole, part]) => {
      const words = [text(labels[whole]), text(labels[part])].flatMap((word) => word ?? []);
      return words.length > 0 ? [words.join('/')] : [];
    })[0];
    return [
      {
        name: scrub(text(list(container['Names'])[0])?.replace(/^\//, '') ?? id.slice(0, 12)),
        image: scrub(text(container['Image']) ?? ''),
        ...(group === undefined ? {} : { group: scrub(group) }),
        addresses: networks.flatMap((network) =>
          [network['IPAddress'], network['GlobalIPv6Address']].flatMap((one) => readAddress(text(one) ?? '') ?? []),
        ),
      },
    ];
  });
}
