/** A folder in which an engine puts network namespaces, and which names there are containers. */
export interface NamespaceFolder {
  readonly path: string;
  /** `engine`: every name but the engine's own; `shared`: other programs use it too, so only names that an engine gives count. */
  readonly kind: 'engine' | 'shared';
}

/** Where podman, CNI, and everybody's `ip netns add` put namespaces. */
export const SHARED_FOLDERS: readonly string[] = ['/run/netns'];
export const USUAL_FOLDERS: readonly NamespaceFolder[] = [
  { path: '/run/docker/netns', kind: 'engine' },
  ...SHARED_FOLDERS.map((path) => ({ path, kind: 'shared' }) as const),
];

/** Docker's own: the host's namespace, and Swarm's sandboxes without processes (moby, libnetwork). */
const DOCKERS_OWN = /^(?:default|ingress_sbox|lb_.*|1-.*)$/;
/** podman (netavark) and everything that uses CNI (containerd, nerdctl, cri-o). */
const SHARED_NAMES = /^(?:netns|cni)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function isContainer(folder: NamespaceFolder, name: string): boolean {
  if (name === '' || name.includes('/')) return false;
  return folder.kind === 'engine' ? !DOCKERS_OWN.test(name) : SHARED_NAMES.test(name);
}
