import type { Engine } from '../../src/lab/docker.ts';
import type { Testbed } from '../../src/lab/testbed.ts';
import { mirrorAddress } from '../../src/lab/topology.ts';
import type { Family } from '../../src/ports.ts';

/** Addresses of the peer: a new one for each case, so that none inherits what another left behind. */
export const MIRRORS = 16;
/** How many containers run on each host. */
export const CONTAINERS = 4;
/** How many there are when it is crowded, those among them. */
export const CROWD = 20;

/** A testbed with a real engine, before anything is raised in it. */
export interface DataplaneHost {
  readonly testbed: Testbed;
  readonly engine: Engine;
  readonly image: string;
}

/** One of the peer's mirrors, so that each case has its own. */
export const destination = (index: number, port: number, family: Family = 'ipv4'): { host: string; port: number } => ({
  host: mirrorAddress(index)[family],
  port,
});
