import { openConnections, spreadPorts } from '../../src/lab/connections.ts';
import type { Namespace } from '../../src/lab/namespace.ts';
import { ECHO_ADDRESS_PORT } from '../../src/lab/peer-servers.ts';
import { HOST, PEER } from '../../src/lab/topology.ts';
import { KERNEL_EPHEMERAL } from '../../src/plan/given-ports.ts';
import type { Family } from '../../src/ports.ts';
import type { Outcome } from './outcome.ts';
import type { ComparisonSetup } from './setup.ts';

/** How many connections a case tries. */
export const CONNECTIONS = 60;
/** The host's port that leads to a container. */
export const PUBLISHED = 8080;
const HANGS_AFTER_MS = 2500;

interface Kind {
  readonly from?: 'host' | 'container';
  readonly protocol?: 'tcp' | 'udp';
  readonly family?: Family;
  /** Source ports, inclusive; those that Linux hands out by itself unless given. */
  readonly ports?: readonly [from: number, to: number];
}

/** Connections from ports that the client binds, spread over a range: what the kernel would choose over hours, at once. */
export async function connect(
  setup: ComparisonSetup,
  { from = 'container', protocol = 'tcp', family = 'ipv4', ports = [KERNEL_EPHEMERAL.from, KERNEL_EPHEMERAL.to] }: Kind,
): Promise<Outcome> {
  const client: Pick<Namespace, 'run'> = from === 'host' ? setup.testbed.host : setup.container;
  const [destination] = setup.destinations(1);
  const to = { host: destination?.[family] ?? '', port: ECHO_ADDRESS_PORT };
  const sourcePorts = spreadPorts(CONNECTIONS, ...ports);
  const results = await openConnections(client, [{ protocol, to, sourcePorts, timeoutMs: HANGS_AFTER_MS }]);
  const failed = results.filter(({ outcome }) => outcome !== 'answered').length;
  return { kind: 'answers', tried: results.length, failed };
}

/** Clients from outside open a published port of the host; the server in the container says which address it saw. */
export async function seenByPublished(setup: ComparisonSetup): Promise<Outcome> {
  await setup.publishServers(PUBLISHED);
  const to = { host: HOST.ipv4, port: PUBLISHED };
  const sourcePorts = spreadPorts(CONNECTIONS);
  const results = await openConnections(setup.testbed.peer, [
    { protocol: 'tcp', to, from: PEER.ipv4, sourcePorts, timeoutMs: HANGS_AFTER_MS },
  ]);
  const seen = new Set(results.flatMap((result) => (result.seen ? [result.seen.address] : [])));
  return { kind: 'clients', tried: results.length, real: PEER.ipv4, seen: [...seen].sort() };
}
