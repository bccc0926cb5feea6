import { blockHas } from '../addresses.ts';
import type { Family, Protocol } from '../ports.ts';
import type { HostFacts } from './facts.ts';
import type { Packet } from './packet.ts';
import type { Plan } from './plan.ts';

/** The ends of a flow as it was opened; interfaces where somebody names them. */
export interface Flow {
  readonly protocol: Protocol;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly arrived?: string;
  readonly leaves?: string;
}

const MULTICAST = { ipv4: '224.0.0.0/4', ipv6: 'ff00::/8' } as const;

/**
 * The flow's opening packet with what the host's addresses say about its way: whether it is made here, on which interface
 * it arrives, by which it leaves. Undefined where the source is neither this host's nor in a network that it is part of.
 */
export function locate(flow: Flow, facts: HostFacts, plan: Plan): Packet | undefined {
  const family: Family = flow.source.includes(':') ? 'ipv6' : 'ipv4';
  const sourceLocal = facts.links.some((link) =>
    link.addresses.some((address) => blockHas(bare(address), flow.source)),
  );
  const arrived = flow.arrived ?? (sourceLocal ? undefined : linkTowards(flow.source, facts));
  if (!sourceLocal && arrived === undefined) return undefined;
  const leaves = flow.leaves ?? leavingLink(flow.destination, facts, plan);
  if (leaves === undefined) return undefined;
  return {
    protocol: flow.protocol,
    family,
    source: flow.source,
    sourcePort: flow.sourcePort,
    destination: flow.destination,
    destinationPort: flow.destinationPort,
    arrived,
    leaves,
    sourceLocal,
    manyReceivers: blockHas(MULTICAST[family], flow.destination) || flow.destination === '255.255.255.255',
    opening: true,
  };
}

const bare = (address: string): string => address.replace(/\/\d+$/, '');

function linkTowards(address: string, facts: HostFacts): string | undefined {
  return (
    facts.links.find((link) => link.addresses.some((own) => blockHas(own, address)))?.name ??
    facts.networks.find((network) => network.subnets.some((subnet) => blockHas(subnet, address)))?.bridge
  );
}

function leavingLink(destination: string, facts: HostFacts, plan: Plan): string | undefined {
  const local = facts.links.some((link) => link.addresses.some((address) => blockHas(bare(address), destination)));
  if (local) return 'lo';
  return (
    linkTowards(destination, facts) ??
    facts.defaultRouteDevices[0] ??
    plan.uplinks.names.find((name) => !name.endsWith('*'))
  );
}
