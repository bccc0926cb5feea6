import { Address4, Address6 } from 'ip-address';
import { blockHas, type Cidr } from '../addresses.ts';
import type { HostFacts } from './facts.ts';
import type { Packet } from './packet.ts';
import { decidingRule, type Walk } from './walk.ts';

/** The source address that a packet leaves with; `from` and `to` differ where the kernel chooses one of several. */
export interface SourceAddress {
  readonly from: string;
  readonly to: string;
  /** The rule of another that decides, or why no rule does. */
  readonly by: string;
}

/**
 * The source address that the plan gives a packet, which is the one that the NAT rules of others give it. `gateway` is the next
 * hop of its route. Undefined where the packet is left to its own NAT, or the uplink has no address.
 */
export function sourceAddress(
  walked: Walk,
  packet: Packet,
  { links, gateway }: Pick<HostFacts, 'links'> & { readonly gateway?: string | undefined },
): SourceAddress | undefined {
  const { fate, met } = walked;
  const by = decidingRule(walked) ?? fate.step?.why ?? 'no step of the plan fits it';
  const kept = { from: packet.source, to: packet.source, by };
  if (fate.do === 'leave') {
    // Only a flow that no rule of another decides keeps its address; any other is left to its own NAT.
    const isUndecided = met.some(({ matched, step }) => matched && step.then.do === 'follow');
    return isUndecided && fate.as === 'left-alone' ? kept : undefined;
  }
  if (fate.address.mode === 'keep') return kept;
  if (fate.address.mode === 'fixed') return { from: fate.address.from, to: fate.address.to, by };
  const own = links.find(({ name }) => name === packet.leaves)?.addresses ?? [];
  const address = masqueradeAddress(own, { destination: packet.destination, gateway });
  return address === undefined ? undefined : { from: address, to: address, by };
}

interface Way {
  readonly destination: string;
  readonly gateway: string | undefined;
}

const UNIQUE_LOCAL: Cidr = 'fc00::/7';
const LINK_LOCAL: Readonly<Record<'ipv4' | 'ipv6', Cidr>> = { ipv4: '169.254.0.0/16', ipv6: 'fe80::/10' };
const bare = (address: Cidr): string => address.split('/')[0] ?? address;

/**
 * The address of an interface that masquerading gives. IPv4: the first one whose subnet holds the next hop, else the first
 * (inet_select_addr, net/ipv4/devinet.c). IPv6: by RFC 6724, the one of the destination's kind with the longest common
 * prefix; temporary and deprecated addresses are not known here.
 */
export function masqueradeAddress(addresses: readonly Cidr[], { destination, gateway }: Way): string | undefined {
  const six = destination.includes(':');
  const local = LINK_LOCAL[six ? 'ipv6' : 'ipv4'];
  const usable = addresses.filter((address) => address.includes(':') === six && !blockHas(local, bare(address)));
  if (!six)
    return usable.map(bare)[
      Math.max(
        0,
        usable.findIndex((own) => blockHas(own, gateway ?? destination)),
      )
    ];
  const isUnique = blockHas(UNIQUE_LOCAL, destination);
  const ranked = usable
    .map(bare)
    .map((address) => ({
      address,
      isSameKind: blockHas(UNIQUE_LOCAL, address) === isUnique,
      common: commonBits(address, destination),
    }))
    .sort((a, b) => Number(b.isSameKind) - Number(a.isSameKind) || b.common - a.common);
  return ranked[0]?.address;
}

function commonBits(one: string, other: string): number {
  const difference = new Address6(one).bigInt() ^ new Address6(other).bigInt();
  return 128 - (difference === 0n ? 0 : difference.toString(2).length);
}

/** Whether the address is one that the expectation allows. */
export function isExpected({ from, to }: SourceAddress, address: string): boolean {
  if (address.includes(':') !== from.includes(':')) return false;
  const value = number(address);
  return number(from) <= value && value <= number(to);
}

const number = (address: string): bigint =>
  (address.includes(':') ? new Address6(address) : new Address4(address)).bigInt();

export const sourceText = ({ from, to }: Pick<SourceAddress, 'from' | 'to'>): string =>
  from === to ? from : `${from}-${to}`;

/** RFC 1918, RFC 6598 (between a provider and its customers) and RFC 4193. */
const PRIVATE: readonly Cidr[] = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', UNIQUE_LOCAL];

/** Whether the address is meant for a site alone, so that nothing in the internet can answer to it. */
export const isPrivate = (address: string): boolean => PRIVATE.some((block) => blockHas(block, address));
