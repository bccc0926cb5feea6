import type { Family } from '../ports.ts';
import type { System } from '../system/system.ts';

/** The protocols that are sent; SCTP needs sockets that few kernels have. */
export const SENT_PROTOCOLS = ['tcp', 'udp'] as const;
export type SentProtocol = (typeof SENT_PROTOCOLS)[number];

export const FAMILY_NAME: Readonly<Record<Family, string>> = { ipv4: 'IPv4', ipv6: 'IPv6' };

/** `guest`: behind a bridge that is no container network, with an address that the NAT rules of others translate. */
export const ORIGIN_KINDS = ['host', 'container', 'guest'] as const;
export type OriginKind = (typeof ORIGIN_KINDS)[number];

/** Where packets are sent from. */
export interface Origin {
  readonly kind: OriginKind;
  /** How its checks are named: `host`, `container br-0123456789ab`. */
  readonly label: string;
  /** The bridge that its packets arrive on; undefined for the host itself. */
  readonly network: string | undefined;
  readonly via: 'docker' | undefined;
  /** Its own address by family; a family that it has none of is not sent. */
  readonly addresses: Readonly<Partial<Record<Family, string>>>;
  readonly run: System['run'];
}

/** Why an origin is left out, as a sentence for the notes. */
export interface Unavailable {
  readonly note: string;
}

/** One packet that left with a port or an address that it must not have. */
export interface Example {
  /** Source address and port as the program that sent it sees them. */
  readonly address: string;
  readonly from: number;
  /** The source port that it left with. */
  readonly left: number;
  /** The source address that it left with, where that is the fault. */
  readonly leftAddress?: string;
  /** Destination: `192.0.2.1 port 20001`. */
  readonly to: string;
}

/** The source address of a check's packets: of the first one that left with a wrong one, else of the first one. */
export interface CheckedAddress {
  /** What the NAT rules of others give without the fence: one address, or `A-B` where a rule names a range. */
  readonly expected: string;
  /** What it left with; missing where nothing was seen leaving. */
  readonly seen?: string;
  /** The rule that decides, or why the address stays. */
  readonly by: string;
}

export interface Check {
  /** Stable, for people and scripts: `host tcp ipv4`, `container br-0123456789ab udp ipv6`. */
  readonly name: string;
  readonly origin: OriginKind;
  /** The bridge that a container's or a guest's packets arrive on. */
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
  /** How many a named peer answered; missing where documentation addresses are sent to. */
  readonly answered?: number;
  readonly address?: CheckedAddress;
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
