import { Address4, Address6 } from 'ip-address';
import { blockHas, type Cidr } from '../addresses.ts';
import { fields, list, parseJson, text } from '../observe/untrusted.ts';
import type { HostFacts, Link } from '../plan/facts.ts';
import type { Plan } from '../plan/plan.ts';
import { walk } from '../plan/walk.ts';
import { fitsAny } from '../plan/wildcards.ts';
import { FAMILIES, type Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import { type Cleanup, ipBatch, removeLink } from './temporary.ts';

/** A network behind a bridge of this host: the bridge, and its own address with prefix length by family. */
export interface Network {
  readonly kind: 'container' | 'guest';
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
    networks: usable
      .map((link) => networkOf('container', link))
      .filter(({ gateways }) => Object.keys(gateways).length > 0),
    notes: bridges
      .filter(({ name }) => internal.has(name))
      .map(({ name }) => `not checked: ${name} is an internal network, which nothing leaves`),
  };
}

/** Where a packet goes that leaves for the internet (documentation prefixes, RFC 5737 and 3849). */
const ELSEWHERE: Readonly<Record<Family, string>> = { ipv4: '192.0.2.1', ipv6: '2001:db8::1' };

/**
 * Other bridges whose guests leave with another address than their own: virtual machines that the NAT rules of others
 * translate. `leaves` is the uplink by family. Only the families that are translated are named.
 */
export function guestNetworks(
  plan: Plan,
  facts: HostFacts,
  leaves: ReadonlyMap<Family, { readonly device: string }>,
): readonly Network[] {
  const isTranslated = (bridge: string, family: Family, gateway: Cidr): boolean => {
    const source = highAddresses(gateway, [], 1)[0];
    const uplink = leaves.get(family)?.device;
    if (source === undefined || uplink === undefined || uplink === bridge) return false;
    const { fate } = walk(plan, {
      protocol: plan.protocols[0] ?? 'tcp',
      family,
      source,
      sourcePort: 40_000,
      destination: ELSEWHERE[family],
      destinationPort: 443,
      arrived: bridge,
      leaves: uplink,
      sourceLocal: false,
      manyReceivers: false,
      opening: true,
    });
    return fate.do === 'map' && fate.address.mode !== 'keep';
  };
  return facts.links
    .filter(({ kind, name }) => kind === 'bridge' && !isContainerInterface(plan, name))
    .map((link) => networkOf('guest', link))
    .map(({ bridge, gateways, ...network }) => ({
      ...network,
      bridge,
      gateways: Object.fromEntries(
        FAMILIES.flatMap((family) => {
          const gateway = gateways[family];
          return gateway !== undefined && isTranslated(bridge, family, gateway) ? [[family, gateway]] : [];
        }),
      ),
    }))
    .filter(({ gateways }) => Object.keys(gateways).length > 0);
}

/** Whether packets that arrive on it count as a container's. */
export function isContainerInterface(plan: Plan, name: string): boolean {
  const has = (set: string) =>
    plan.sets.some((one) => one.name === set && one.holds === 'interfaces' && fitsAny(one.elements, name));
  return has('containers') && !has('not_containers');
}

function networkOf(kind: Network['kind'], { name, addresses }: Link): Network {
  const gateways = FAMILIES.flatMap((family) => {
    const own = addresses.find(
      (address) => address.includes(':') === (family === 'ipv6') && !isLinkLocal(address) && hasRoom(address),
    );
    return own === undefined ? [] : [[family, own] as const];
  });
  return { kind, bridge: name, gateways: Object.fromEntries(gateways) };
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

/** Docker names its bridges `br-` and 12 hex digits, by which ours counts as a container network. */
export const OWN_BRIDGE = /^br-fe2ce0([0-9a-f]{6})$/;
/** The name of the network that the process with this id makes. */
export const bridgeName = (pid: number): string => `br-fe2ce0${pid.toString(16).padStart(6, '0')}`;

/** Tells our bridge from one of an engine that happens to have such a name. */
export const OWN_ALIAS = 'portfence verify';

/** Blocks set aside for measuring first (RFC 2544), then private ones; the last addresses of each. */
const BLOCKS: Readonly<Record<Family, readonly Cidr[]>> = {
  ipv4: ['198.19.255.249/29', '198.18.255.249/29', '10.255.255.249/29', '172.31.255.249/29', '192.168.255.249/29'],
  ipv6: ['fdfe:2ce0:ffff:ffff::1/64', 'fdfe:2ce0:ffff:fffe::1/64'],
};

/** A container network of our own, for hosts that have none. It is removed in the end. */
export async function makeOwnNetwork(system: System, families: readonly Family[], cleanup: Cleanup): Promise<Network> {
  const bridge = bridgeName(system.pid);
  const routed = await routedBlocks(system);
  const gateways = new Map<Family, Cidr>();
  for (const family of families) {
    const free = BLOCKS[family].find((block) => !routed.some((other) => overlap(other, block)));
    if (free) gateways.set(family, free);
  }
  cleanup(async () => {
    await removeLink(system, bridge);
    // The host reports its multicast groups to every new network, which conntrack remembers for ten minutes.
    for (const [family, own] of gateways) {
      await system.run(['conntrack', '-D', '-f', family, '-s', own.split('/')[0] ?? own], { outlastsInterrupt: true });
    }
  });
  await ipBatch(system, [
    `link add ${bridge} type bridge`,
    `link set ${bridge} alias "${OWN_ALIAS}"`,
    ...[...gateways].map(([family, own]) => `addr add ${own} dev ${bridge}${family === 'ipv6' ? ' nodad' : ''}`),
    `link set ${bridge} up`,
  ]);
  return { kind: 'container', bridge, gateways: Object.fromEntries(gateways) };
}

const overlap = (a: Cidr, b: Cidr): boolean => blockHas(a, b) || blockHas(b, a);

/** Every destination that has a route of its own, in any table. */
async function routedBlocks(system: System): Promise<readonly Cidr[]> {
  const all = await Promise.all(
    FAMILIES.map((family) =>
      system.run(['ip', '-j', family === 'ipv4' ? '-4' : '-6', 'route', 'show', 'table', 'all']),
    ),
  );
  return all.flatMap(({ code, stdout }) =>
    code !== 0
      ? []
      : list(parseJson(stdout, 'ip route')).flatMap((entry) => {
          const destination = text(fields(entry)['dst']);
          return destination === undefined || destination === 'default' ? [] : [destination];
        }),
  );
}
