import { PROTOCOLS, type Protocol } from './ports.ts';

/** IP protocol numbers by the names that iptables and nft print (IANA; /etc/protocols). */
const NUMBERS: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  ipencap: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  'ipv6-icmp': 58,
  ospf: 89,
  vrrp: 112,
  comp: 108,
  ipcomp: 108,
  l2tp: 115,
  sctp: 132,
  mh: 135,
  'mobility-header': 135,
  udplite: 136,
};

/** The number of a protocol that is told by name or number, or undefined. */
export function protocolNumber(text: string): number | undefined {
  if (Object.hasOwn(NUMBERS, text)) return NUMBERS[text];
  const number = /^\d{1,3}$/.test(text) ? Number(text) : undefined;
  return number !== undefined && number >= 1 && number <= 255 ? number : undefined;
}

/** The IP protocol numbers of the protocols that a policy can name. */
export const PROTOCOL_NUMBER: Readonly<Record<Protocol, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** Those of the numbers that a policy can name, by name. */
export const knownProtocols = (numbers: readonly number[]): readonly Protocol[] =>
  PROTOCOLS.filter((protocol) => numbers.includes(PROTOCOL_NUMBER[protocol]));
