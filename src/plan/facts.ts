import type { Cidr } from '../addresses.ts';
import type { StandingNat } from '../nat/model.ts';
import type { Family, PortRange, PortSet, Protocol } from '../ports.ts';

/** A network interface as the kernel tells it. */
export interface Link {
  readonly name: string;
  /** `bridge`, `veth`, `tun`, `wireguard`, ...; undefined for plain hardware. */
  readonly kind: string | undefined;
  /** The bridge or bond that the interface is part of. */
  readonly master: string | undefined;
  /** Addresses with prefix length, host bits kept: `10.0.1.10/24`. */
  readonly addresses: readonly Cidr[];
}

/** The next hop of a route, and the interface that leads to it. */
export interface Gateway {
  readonly device: string;
  readonly address: string;
}

/** A network of a container engine, as its API tells it. */
export interface ContainerNetwork {
  readonly engine: 'docker' | 'podman';
  readonly name: string;
  /** The bridge its containers' packets arrive on; undefined for drivers that bypass the host's netfilter (macvlan, ipvlan). */
  readonly bridge: string | undefined;
  /** The driver, where its containers' packets bypass the host's netfilter. */
  readonly bypass?: 'macvlan' | 'ipvlan';
  readonly subnets: readonly Cidr[];
  /** Families whose traffic keeps its address (masquerade off, gateway mode routed). */
  readonly routed: readonly Family[];
  /** The address that the engine gives to traffic of this network instead of the uplink's (`com.docker.network.host_ipv4`). */
  readonly sourceAddress: string | undefined;
  readonly internal: boolean;
}

/** A container's own port that is published, so that answers must keep coming from it. */
export interface PublishedPort {
  readonly address: string;
  readonly protocol: Protocol;
  readonly port: number;
}

/** What the plan depends on besides the policy. Plain data, so that a plan can be made from a file of facts as well. */
export interface HostFacts {
  readonly links: readonly Link[];
  /** Interfaces that carry a default route, in any table, of either family. */
  readonly defaultRouteDevices: readonly string[];
  /** The next hops of default routes that have one, in the kernel's order; which of its addresses an interface gives depends on them. */
  readonly defaultGateways?: readonly Gateway[];
  /** The uplinks of the last apply, for early boot when there is no default route yet. */
  readonly lastUplinks: readonly string[];
  /** The host's own `ip_local_port_range` as it was before the fence. */
  readonly localPortRange: PortRange;
  /** The host's own `ip_local_reserved_ports` as they were before the fence. */
  readonly reservedPorts: PortSet;
  /** `ip_unprivileged_port_start`: the kernel refuses a local range that begins below it. */
  readonly unprivilegedPortStart: number;
  readonly networks: readonly ContainerNetwork[];
  readonly published: readonly PublishedPort[];
  /** Families in which an engine masquerades its containers, seen in the kernel's own rules. */
  readonly engineNat: readonly Family[];
  /** Everybody's source NAT but our own. */
  readonly standingNat: StandingNat;
  /** Interfaces with a route through a gateway, in any table: they lead beyond their own link. */
  readonly gatewayDevices: readonly string[];
  /** Interfaces that a single address is routed to without a gateway, as pods are that have no bridge. */
  readonly podDevices: readonly string[];
  /** Ports of this host's own sockets that were chosen on purpose: listening TCP, and UDP without a peer. */
  readonly boundPorts: readonly BoundPort[];
  /** Ports of this host that lead to a container's published port. */
  readonly publishedHostPorts: readonly number[];
}

/** A port of a socket of this host. */
export interface BoundPort {
  readonly protocol: Protocol;
  readonly port: number;
}
