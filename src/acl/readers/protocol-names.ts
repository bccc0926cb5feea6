import type { ProtocolMatch } from '../model.ts';

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;
export const ICMPV6 = 58;
export const SCTP = 132;

/** Names of protocols as people and Terraform write them (IANA, "Protocol Numbers"). */
const NUMBERS: Readonly<Record<string, ProtocolMatch>> = {
  all: 'all',
  icmp: ICMP,
  igmp: 2,
  ipip: 4,
  ipencap: 4,
  'ip-encap': 4,
  tcp: TCP,
  egp: 8,
  udp: UDP,
  dccp: 33,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: ICMPV6,
  'ipv6-icmp': ICMPV6,
  eigrp: 88,
  ospf: 89,
  pim: 103,
  vrrp: 112,
  l2tp: 115,
  sctp: SCTP,
  'udp-lite': 136,
  udplite: 136,
};

/** A protocol's name in lower case as its number; undefined for a name that is not known. */
export function protocolNamed(name: string): ProtocolMatch | undefined {
  return Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : undefined;
}

export function isIcmp(protocol: ProtocolMatch): boolean {
  return protocol === ICMP || protocol === ICMPV6;
}
