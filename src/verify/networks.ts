import { Address4, Address6 } from 'ip-address';
import type { Cidr } from '../addresses.ts';
import type { HostFacts, Link } from '../plan/facts.ts';
import { fitsAny } from '../plan/interfaces.ts';
import type { Plan } from '../plan/plan.ts';
import { FAMILIES, type Family } from '../ports.ts';

/** A container network that is there: its bridge, and the bridge's own address with prefix length by family. */
export interface Network {
  readonly bridge: string;
  readonly gateways: Readonly<Partial<Record<Family, Cidr>>>;
}

export interface Networks {
  readonly networks: readonly Network[];
  readonly notes: readonly string[];
}

/** The bridges that count as container networks and have an address; internal ones lead nowhere on purpose. */
export function containerNetworks(plan: Plan, facts: HostFacts): Networks {
  const internal = new Set(facts.networks.flatMap(({ bridge, internal }) => (internal && bridge ? [bridge] : [])));
  const bridges = facts.links.filter(({ kind, name }) => kind === 'bridge' && isContainerInterface(plan, name));
  const usable = bridges.filter(({ name }) => !internal.has(name));
  return {
    networks: usable.map(networkOf).filter(({ gateways }) => Object.keys(gateways).length > 0),
    notes: bridges
      .filter(({ name }) => internal.has(name))
      .map(({ name }) => `not checked: ${name} is an internal network, which nothing leaves`),
  };
}

/** Whether packets that arrive on it count as a container's. */
export function isContainerInterface(plan: Plan, name: string): boolean {
  const has = (set: string) =>
    plan.sets.some((one) => one.name === set && one.holds === 'interfaces' && fitsAny(one.elements, name));
  return has('containers') && !has('not_containers');
}

function networkOf({ name, addresses }: Link): Network {
  const gateways = FAMILIES.flatMap((family) => {
    const own = addresses.find(
      (address) => address.includes(':') === (family === 'ipv6') && !isLinkLocal(address) && hasRoom(address),
    );
    return own === undefined ? [] : [[family, own] as const];
  });
  return { bridge: name, gateways: Object.fromEntries(gateways) };
}

const isLinkLocal = (address: Cidr): boolean => /^(?:169\.254\.|fe80:)/.test(address);

const hasRoom = (address: Cidr): boolean =>
  address.includes(':') ? new Address6(address).subnetMask <= 126 : new Address4(address).subnetMask <= 30;

/** Addresses of the bridge's subnet that a container is unlikely to have, the highest first, without those in use. */
export function highAddresses(gateway: Cidr, taken: readonly string[], count: number): readonly string[] {
  const six = gateway.includes(':');
  const subnet = six ? new Address6(gateway) : new Address4(gateway);
  const last = subnet.endAddress().bigInt() - 1n; // The highest one of an IPv4 subnet is its broadcast address.
  const lowest = subnet.startAddress().bigInt() + 1n;
  const used = new Set([subnet.correctForm(), ...taken]);
  const found: string[] = [];
  for (let at = last; at >= lowest && found.length < count; at -= 1n) {
    const address = (six ? Address6 : Address4).fromBigInt(at).correctForm();
    if (!used.has(address)) found.push(address);
  }
  return found;
}
