import { HIGHEST_PORT } from '../ports.ts';

/** IP protocol numbers of what has ports here, and of what ACLs name besides (IANA protocol numbers). */
export const PROTOCOL_NUMBERS = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 } as const;

/** What is offered at the other side. */
export interface Service {
  /** IP protocol number. */
  readonly protocol: number;
  readonly port: number;
}

const CARRIERS = ['tcp', 'udp', 'sctp'] as const;
const SHAPE = /^(\d{1,5})\/([a-z]+)$/;

/** Reads `443/tcp`; undefined for what is no service. */
export function readService(text: string): Service | undefined {
  const [, digits = '', word] = SHAPE.exec(text.trim().toLowerCase()) ?? [];
  const carrier = CARRIERS.find((one) => one === word);
  const port = Number(digits);
  return carrier && port >= 1 && port <= HIGHEST_PORT ? { protocol: PROTOCOL_NUMBERS[carrier], port } : undefined;
}

export const serviceText = ({ protocol, port }: Service): string => `${port}/${protocolText(protocol)}`;

/** A name where there is one, else the number. */
export function protocolText(protocol: number): string {
  const named = Object.entries(PROTOCOL_NUMBERS).find(([, number]) => number === protocol);
  return named?.[0] ?? `protocol ${protocol}`;
}
