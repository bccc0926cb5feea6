import type { Family } from '../ports.ts';

/** The protocols that are sent; SCTP needs sockets that few kernels have. */
export const SENT_PROTOCOLS = ['tcp', 'udp'] as const;
export type SentProtocol = (typeof SENT_PROTOCOLS)[number];

export const FAMILY_NAME: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' };

/** One packet that left with a port that it must not have. */
export interface Example {
  /** Source address and port as the program that sent it sees them. */
  readonly address: string;
  readonly from: number;
  /** The source port that it left with. */
  readonly left: number;
  /** Destination: `192.0.2.1 port 20001`. */
  readonly to: string;
}

export interface Check {
  /** Stable, for people and scripts: `host tcp ipv4`, `container br-0123456789ab udp ipv6`. */
  readonly name: string;
  readonly origin: 'host' | 'container';
  /** The bridge that a container's packets arrive on. */
  readonly network?: string;
  /** `docker`: sent from a real container; else from a namespace of our own on the same bridge. */
  readonly via?: 'docker';
  readonly family: Family;
  readonly protocol: SentProtocol;
  readonly outcome: 'pass' | 'fail' | 'inconclusive';
  /** Connections opened that the policy confines. */
  readonly attempts: number;
  /** Of these, how many were seen leaving with an allowed port, and with another. */
  readonly inRange: number;
  readonly outOfRange: number;
  readonly example?: Example;
  /** Why it failed or could not be decided. */
  readonly reason?: string;
  readonly remedy?: string;
}

export interface Verified {
  /** Every check passed, and there was one. */
  readonly ok: boolean;
  readonly checks: readonly Check[];
  /** What was not checked and why, and other things worth knowing, one sentence each. */
  readonly notes: readonly string[];
}
