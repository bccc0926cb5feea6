import type { System } from '../system/system.ts';

const DOCKER = 'unix:///var/run/docker.sock';
const PODMAN = '/run/podman/podman.sock';

/** Where engines of this host listen: Docker's as the flag or DOCKER_HOST say, and podman's. */
export function engineSockets(system: System, dockerHost?: string): readonly string[] {
  return [(dockerHost ?? system.env['DOCKER_HOST'] ?? DOCKER).replace(/^unix:\/\//, ''), PODMAN];
}
