import type { Engine } from '../../src/lab/docker.ts';
import { mirrorAddress } from '../../src/lab/topology.ts';
import type { World } from '../../src/lab/world.ts';

/** Addresses of the peer: a new one for each case, so that none inherits what another left behind. */
export const MIRRORS = 16;
export const CONTAINERS = 4;

/** A world with a real engine, before anything is raised in it. */
export interface Ground {
  readonly world: World;
  readonly engine: Engine;
  readonly image: string;
}

export const destination = (index: number, port: number): { host: string; port: number } => ({
  host: mirrorAddress(index).ipv4,
  port,
});
