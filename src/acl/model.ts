import type { Cidr } from '../addresses.ts';
import type { Family, PortSet } from '../ports.ts';
import type { Guard } from './worlds.ts';

/** Seen from the subnet: `inbound` is AWS's ingress, `outbound` its egress. */
export type Direction = 'inbound' | 'outbound';

/** A value that a reader could not judge (a Terraform value known after apply, an intrinsic function), and why, in words. */
export interface Unknown {
  readonly unknown: string;
}
export type Known<T> = T | Unknown;

/** Where an element stands: the file (or `stdin`, or a service's name) and the path of the element inside it. */
export interface SourcePlace {
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
  /** The packet's source ports, where the entry asks about them (other clouds than AWS); every port where there are none. */
  readonly sourcePorts?: PortSet;
  /** Lets the answers of what it lets through pass as well (OCI). */
  readonly isStateful?: true;
  /** For ICMP entries alone; any type and code otherwise. */
  readonly icmp: Known<IcmpMatch>;
  /** Why the entry may not be there at all, where nothing tells when it is. */
  readonly presence?: Unknown;
  /** When the entry is there: where all of these hold; always where there is none. */
  readonly when?: readonly Guard[];
  readonly place: SourcePlace;
}

/** What matches no entry is denied. */
export interface NetworkAcl {
  /** The ACL's own id, or the address of the resource that makes it (`aws_network_acl.main`). */
  readonly id: string;
  readonly vpc: string | undefined;
  /** Serves the subnets of its VPC that no ACL names. */
  readonly isDefault: boolean;
  /** The subnets that it serves for sure. */
  readonly subnets: readonly string[];
  /** Those that it serves only where all of the guards hold. */
  readonly perhaps?: readonly { readonly subnet: string; readonly when: readonly Guard[] }[];
  /** When the ACL exists; a question about it is a question about the worlds in which it does. */
  readonly when?: readonly Guard[];
  /** Set on the copy of an ACL that holds only the entries of one possible world. */
  readonly isInOneWorld?: true;
  /** Parameters that were not given, with the default values that its rules were read with: `LowestReply=32768`. */
  readonly assumed?: readonly string[];
  /** The form of the CloudFormation template that makes it, where one does. */
  readonly template?: 'json' | 'yaml';
  /** AWS makes it with its VPC, and no file says so. */
  readonly isImplied?: boolean;
  readonly entries: readonly AclEntry[];
  /**
   * `aws`, where it is not told: AWS's own services and traffic within a subnet pass whatever the entries say (VPC guide,
   * "Network ACL basics").
   */
  readonly exempts?: 'aws' | 'none';
  readonly place: SourcePlace;
}

export interface Subnet {
  readonly id: string;
  readonly vpc: string | undefined;
  readonly blocks: readonly Cidr[];
  readonly when?: readonly Guard[];
}

/** One end of the way: a subnet with its ACL. */
export interface Side {
  readonly acl: NetworkAcl;
  readonly subnet: string | undefined;
  /** The subnet's own blocks; none where they are not known. */
  readonly blocks: readonly Cidr[];
  /** The VPC's resolver: the base address of its primary block + 2; none where it is not known. */
  readonly resolvers: readonly Cidr[];
}

/** Something that may change an answer and that no reader could judge at all; it makes every answer that it may touch say so. */
export interface Unjudged {
  readonly reason: string;
  readonly place: SourcePlace;
  /** The ACL that it would change; undefined where it could be any of them. */
  readonly acl: string | undefined;
  /** It leaves the rules alone, and changes which ACL serves a subnet. */
  readonly about?: 'subnets';
}

/** Everything that the files (or the cloud) say about network ACLs. Ids are unique. */
export interface AclInventory {
  readonly acls: readonly NetworkAcl[];
  /** Subnets about which the source says more than their association; may be empty. */
  readonly subnets: readonly Subnet[];
  readonly unjudged: readonly Unjudged[];
  /** Entries of which nothing tells which ACL they are for, so that each may have them; merged inventories hold none. */
  readonly loose?: readonly AclEntry[];
  /** What the files name and the given values rule out, and why. */
  readonly absent?: readonly { readonly id: string; readonly why: string }[];
  /** The parameters that its template declares. */
  readonly parameters?: readonly string[];
  /** What a person should know about how the files were read. */
  readonly warnings?: readonly string[];
}

export function isUnknown<T>(value: Known<T>): value is Unknown {
  return typeof value === 'object' && value !== null && 'unknown' in value;
}
