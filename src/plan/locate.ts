import { blockHas } from '../addresses.ts';
import type { Family, Protocol } from '../ports.ts';
import type { HostFacts, Link } from './facts.ts';
import type { Packet } from './packet.ts';
import type { Plan } from './plan.ts';

/** The ends of a flow as it was opened; interfaces where they are named. */
export interface Flow {
  readonly protocol: Protocol;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly arrived?: string;
  readonly leaves?: string;
  /** The packet's mark as it comes to postrouting. */
  readonly mark?: number;
  /** Numbers of the user and the group whose program sends it from this host. */
  readonly user?: number;
  readonly group?: number;
}

const MULTICAST = { ipv4: '224.0.0.0/4', ipv6: 'ff00::/8' } as const;

/**
 * The flow's opening packet with what the host's addresses say about its way: whether it is made here, on which interface
 * it arrives, by which it leaves. Undefined where the source is neither this
 * host's nor in a network that it is part of, or no uplink is known.
 */
export function locate(flow: Flow, facts: HostFacts, plan: Plan): Packet | undefined {
  const family: Family = flow.source.includes(':') ? 'ipv6' : 'ipv4';
  const sourceLocal = hasAddress(facts.links, flow.source);
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
    sourceOnUplink: hasAddress(
      facts.links.filter(({ name }) => name === leaves),
      flow.source,
    ),
    manyReceivers: blockHas(MULTICAST[family], flow.destination) || flow.destination === '255.255.255.255',
    opening: true,
    ...(flow.mark === undefined ? {} : { mark: flow.mark }),
    ...(flow.user === undefined ? {} : { user: flow.user }),
    ...(flow.group === undefined ? {} : { group: flow.group }),
  };
}

const bare = (address: string): string => address.replace(/\/\d+$/, '');

const hasAddress = (links: readonly Link[], address: string): boolean =>
  links.some((link) => link.addresses.some((own) => blockHas(bare(own), address)));

function linkTowards(address: string, facts: HostFacts): string | undefined {
  return (
    facts.links.find((link) => link.addresses.some((own) => blockHas(own, address)))?.name ??
    facts.networks.find((network) => network.subnets.some((subnet) => blockHas(subnet, address)))?.bridge
  );
}

function leavingLink(destination: string, facts: HostFacts, plan: Plan): string | undefined {
  if (hasAddress(facts.links, destination)) return 'lo';
  return (
    linkTowards(destination, facts) ??
    facts.defaultRouteDevices[0] ??
    (plan.uplinks.mode === 'these' ? plan.uplinks.names.find((name) => !name.endsWith('*')) : undefined)
  );
}
