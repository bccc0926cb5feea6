import type { ContainerNetwork } from '../plan/facts.ts';
import type { System } from '../system/system.ts';

/** An engine that a user runs without root. */
export interface RootlessEngine {
  readonly engine: ContainerNetwork['engine'];
  readonly socket: string;
}

const USERS = '/run/user';

/**
 * Rootless engines with a socket in their user's runtime folder. Their containers reach the network through a process of the
 * host (slirp4netns, pasta) that opens sockets of its own there, so their connections are the host's, and so are their ports
 * (rootless-containers.github.io, docs.docker.com/engine/security/rootless).
 */
export async function observeRootless(system: System): Promise<readonly RootlessEngine[]> {
  const found: RootlessEngine[] = [];
  for (const user of (await system.list(USERS)).filter((name) => /^\d+$/.test(name))) {
    const [own, podmans] = await Promise.all([system.list(`${USERS}/${user}`), system.list(`${USERS}/${user}/podman`)]);
    if (own.includes('docker.sock')) found.push({ engine: 'docker', socket: `${USERS}/${user}/docker.sock` });
    if (podmans.includes('podman.sock'))
      found.push({ engine: 'podman', socket: `${USERS}/${user}/podman/podman.sock` });
  }
  return found;
}
