import type { Cidr } from '../addresses.ts';
import type { Family, PortSet } from '../ports.ts';

/** Seen from the subnet: `inbound` is AWS's ingress, `outbound` its egress. */
export type Direction = 'inbound' | 'outbound';

/** A value that a reader could not judge (a Terraform value known after apply, an intrinsic function), and why, in words. */
export interface Unknown {
  readonly unknown: string;
}
export type Known<T> = T | Unknown;

/** Where an element stands: the file (or `stdin`, or a service's name) and the path of the element inside it. */
export interface Place {
  readonly file: string;
  readonly path: string;
}

/** IP protocol number 0-255 (6 tcp, 17 udp, 1 icmp, 58 icmpv6), or every protocol. */
export type ProtocolMatch = number | 'all';

/** `'any'` stands for every type or code. */
export interface IcmpMatch {
  readonly type: number | 'any';
  readonly code: number | 'any';
}

/**
 * One entry of a stateless, ordered, first-match ACL. Its ports are those of the packet's destination, in both directions
 * (AWS VPC guide, "Network ACL rules").
 */
export interface AclEntry {
  readonly direction: Known<Direction>;
  /** Entries are met in ascending order. Where two entries of one direction and family share a number, the reader refuses. */
  readonly number: Known<number>;
  readonly allow: Known<boolean>;
  readonly family: Known<Family>;
  /** The block of the other side. */
  readonly remote: Known<Cidr>;
  readonly protocol: Known<ProtocolMatch>;
  /** Destination ports; every port where the entry's protocol has none or the ACL ignores them. */
  readonly ports: Known<PortSet>;
  /** For ICMP entries alone; any type and code otherwise. */
  readonly icmp: Known<IcmpMatch>;
  /** Why the entry may not be there at all (a condition of a template); undefined where it surely is. */
  readonly presence?: Unknown;
  readonly place: Place;
}

/** What matches no entry is denied. */
export interface NetworkAcl {
  /** The ACL's own id, or the address of the resource that makes it (`aws_network_acl.main`). */
  readonly id: string;
  readonly vpc: string | undefined;
  /** Serves the subnets of its VPC that no ACL names. */
  readonly isDefault: boolean;
  readonly subnets: readonly string[];
  readonly entries: readonly AclEntry[];
  /**
   * `aws`, where it is not told: AWS's own services and traffic within a subnet pass whatever the entries say (VPC guide,
   * "Network ACL basics").
   */
  readonly exempts?: 'aws' | 'none';
  readonly place: Place;
}

export interface Subnet {
  readonly id: string;
  readonly vpc: string | undefined;
  readonly blocks: readonly Cidr[];
}

/** Something that may change an answer and that no reader could judge at all; it makes every answer that it may touch say so. */
export interface Unjudged {
  readonly reason: string;
  readonly place: Place;
  /** The ACL that it would change; undefined where it could be any of them. */
  readonly acl: string | undefined;
}

/** Everything that the files (or the cloud) tell of network ACLs. Ids are unique. */
export interface AclInventory {
  readonly acls: readonly NetworkAcl[];
  /** Subnets that the source tells of beyond their association; often none. */
  readonly subnets: readonly Subnet[];
  readonly unjudged: readonly Unjudged[];
}

export function isUnknown<T>(value: Known<T>): value is Unknown {
  return typeof value === 'object' && value !== null && 'unknown' in value;
}
