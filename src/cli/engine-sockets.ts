import { DOCKER_SOCKET, PODMAN_SOCKET } from '../observe/engine-socket-paths.ts';
import type { System } from '../system/system.ts';

/** Where engines of this host listen: Docker's as the flag or DOCKER_HOST say, and podman's. */
export function engineSockets(system: System, dockerHost?: string): readonly string[] {
  return [(dockerHost ?? system.env['DOCKER_HOST'] ?? DOCKER_SOCKET).replace(/^unix:\/\//, ''), PODMAN_SOCKET];
}
