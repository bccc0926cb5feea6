import type { Family } from '../ports.ts';
import { openConnections, type Probe, spreadPorts } from './connections.ts';
import type { Namespace } from './namespace.ts';
import { ECHO_ADDRESS_PORT } from './peer-servers.ts';
import type { Testbed } from './testbed.ts';
import { mirrorAddress, PEER } from './topology.ts';

/** How many connections of each kind. */
export const SPREAD = 200;
const HANGS_AFTER_MS = 2_500;

interface Kind {
  readonly origin: 'host' | 'container';
  readonly family: Family;
  readonly protocol: 'tcp' | 'udp';
  readonly tried: number;
}

/** One kind of connection, without and with the fence: how many got no answer. */
export interface ConnectionRow extends Kind {
  readonly hungBefore: number;
  readonly hungAfter: number;
}

/** What one round of connections came to. */
export interface Round {
  readonly rows: readonly (Kind & { readonly hung: number })[];
  /** Source ports that the ACL saw leaving, ascending. */
  readonly ports: readonly number[];
  readonly strayPackets: number;
}

/** NAT moves a port that is taken towards the same destination, so each origin has its own. */
const destination = { host: PEER, container: mirrorAddress(0) };

/** Opens connections of every kind from both origins at the same time, from ports spread over those Linux hands out. */
export async function openRound(
  testbed: Testbed,
  origins: Readonly<Record<Kind['origin'], Namespace>>,
): Promise<Round> {
  await testbed.acl.reset();
  const results = await Promise.all([openAll('host', origins.host), openAll('container', origins.container)]);
  const { cells, outOfRange } = await testbed.acl.counters();
  const ports = new Set(cells.flatMap(({ sourcePorts }) => sourcePorts));
  return { rows: results.flat(), ports: [...ports].sort((a, b) => a - b), strayPackets: outOfRange };
}

async function openAll(origin: Kind['origin'], from: Namespace): Promise<(Kind & { hung: number })[]> {
  const kinds = (['ipv4', 'ipv6'] as const).flatMap((family) =>
    (['tcp', 'udp'] as const).map((protocol): Kind => ({ origin, family, protocol, tried: SPREAD })),
  );
  const probes = kinds.map(
    ({ family, protocol }): Probe => ({
      protocol,
      to: { host: destination[origin][family], port: ECHO_ADDRESS_PORT },
      sourcePorts: spreadPorts(SPREAD),
      timeoutMs: HANGS_AFTER_MS,
    }),
  );
  const results = await openConnections(from, probes);
  return kinds.map((kind, index) => {
    const own = results.slice(index * SPREAD, (index + 1) * SPREAD);
    return { ...kind, hung: own.filter(({ outcome }) => outcome !== 'answered').length };
  });
}
