import type { Cidr } from '../addresses.ts';
import type { MarkChange, Condition as NatCondition, OwnerCondition } from '../nat/model.ts';
import type { GuardMode } from '../policy/policy.ts';
import type { Family, PortRange, PortSet, Protocol } from '../ports.ts';
import type { BoundPort } from './facts.ts';

/** Whose traffic a packet is: made on this host, arrived from a container network, or anything else that is forwarded. */
export const ORIGINS = ['host', 'containers', 'forwarded'] as const;
export type Origin = (typeof ORIGINS)[number];

/** What becomes of the source address when the source port is mapped. Both ends of `fixed` are inclusive, often equal. */
export type AddressMode =
  | { readonly mode: 'keep' }
  | { readonly mode: 'masquerade' }
  | {
      readonly mode: 'fixed';
      readonly family: Family;
      readonly from: string;
      readonly to: string;
      readonly persistent: boolean;
    };

/** A question about one packet as it is about to leave. All conditions of a step must hold. */
export type Condition =
  | { readonly test: 'uplink'; readonly is: boolean }
  | { readonly test: 'family'; readonly family: Family; readonly is: boolean }
  | { readonly test: 'protocol'; readonly in: readonly Protocol[]; readonly is: boolean }
  | { readonly test: 'many-receivers' }
  | { readonly test: 'destination'; readonly family: Family; readonly in: readonly Cidr[]; readonly set?: SetName }
  | { readonly test: 'source'; readonly family: Family; readonly in: readonly Cidr[]; readonly set?: SetName }
  | { readonly test: 'source-port'; readonly in: PortSet; readonly is: boolean }
  | { readonly test: 'published'; readonly family: Family; readonly set: SetName }
  | { readonly test: 'bound-socket' }
  | { readonly test: 'made-here' }
  | { readonly test: 'source-local'; readonly is: boolean }
  | { readonly test: 'opening'; readonly is: false }
  | { readonly test: 'arrived-on'; readonly set: SetName }
  /** Left to the rule of another with this number a moment ago, as the packet came through confine. */
  | { readonly test: 'unfollowed'; readonly family: Family; readonly rule: number }
  /** A condition of another's NAT rule, in that rule's family. */
  | { readonly test: 'foreign'; readonly family: Family; readonly condition: ExpressibleCondition };

/** What the rules of others ask, as far as our rules can ask it too. */
export type ExpressibleCondition = Exclude<NatCondition, { readonly test: 'opaque' } | OwnerCondition<false>>;

/**
 * Why a packet is not mapped: none of our business, left alone on purpose, part of a connection that is older than the
 * fence, or left to a NAT rule of another that can't be followed.
 */
export type LeaveReason = 'not-ours' | 'left-alone' | 'under-way' | 'unfollowed';

export type Outcome =
  | { readonly do: 'leave'; readonly as: LeaveReason; readonly rule?: number }
  | { readonly do: 'enter'; readonly origin: Origin }
  /** Follow the NAT rules of others in the packet's family, and `undecided` where none of them decides. */
  | { readonly do: 'follow' }
  | { readonly do: 'jump' | 'goto'; readonly chain: string }
  | { readonly do: 'return' }
  | { readonly do: 'undecided' | 'new-network' | 'keep' }
  /**
   * `ports` lie within the plan's ranges: fewer where the rule of another names a range of its own. `mark` is what the packet's
   * mark becomes on the way, as in the rules of others.
   */
  | { readonly do: 'map'; readonly address: AddressMode; readonly ports: PortSet; readonly mark?: MarkChange };

/** One decision. `id` is stable and names the rule in every listing, trace and drift report; `why` is for people. */
export interface Step {
  readonly id: string;
  readonly when: readonly Condition[];
  readonly then: Outcome;
  readonly why: string;
  /** The NAT rule of another that this step follows: where it stands and what it says. */
  readonly rule?: string;
}

export const SET_NAMES = [
  'uplinks',
  'not_uplinks',
  'containers',
  'not_containers',
  'known_containers',
  'engine_defaults',
  'translated_ipv4',
  'translated_ipv6',
  'bound_ports',
  'exempt_ipv4',
  'exempt_ipv6',
  'routed_ipv4',
  'routed_ipv6',
  'published_ipv4',
  'published_ipv6',
] as const;
export type SetName = (typeof SET_NAMES)[number];

/** A published port of a container: answers must keep coming from it. */
export interface PublishedElement {
  readonly address: string;
  readonly protocol: Protocol;
  readonly port: number;
}

/** Named sets, each sorted: interface names and wildcards that end in `*`, address blocks, published ports. */
export type NamedSet =
  | { readonly name: SetName; readonly holds: 'interfaces'; readonly elements: readonly string[] }
  | { readonly name: SetName; readonly holds: 'addresses'; readonly family: Family; readonly elements: readonly Cidr[] }
  | {
      readonly name: SetName;
      readonly holds: 'published';
      readonly family: Family;
      readonly elements: readonly PublishedElement[];
    }
  /** Ports of this host's sockets, which come and go: what the set holds at a moment is no part of how the fence ought to be. */
  | { readonly name: 'bound_ports'; readonly holds: 'ports'; readonly elements: readonly BoundPort[] };

/** A kernel setting of this host, as the kernel writes it. */
export interface Setting {
  readonly key: 'net.ipv4.ip_local_port_range' | 'net.ipv4.ip_local_reserved_ports';
  readonly value: string;
  /** What it was before the fence, and becomes again when the fence goes. */
  readonly before: string;
  /** For reserved ports: those that the fence needs. More may be reserved, and fewer of the rest, for servers that come and go. */
  readonly minimum?: string;
}

/** A chain of steps that another's NAT rules were turned into. Its name is ours: theirs may be anything. */
export interface FollowedChain {
  readonly name: string;
  readonly family: Family;
  readonly steps: readonly Step[];
}

/** A NAT rule of another that our rules can't ask the same of: what may meet it is left to it. */
export interface UnfollowedRule {
  /** From 1, in the order of the kernel's asking; names its counter and its set. */
  readonly number: number;
  readonly family: Family;
  /** Where it stands and what it says, for people. */
  readonly rule: string;
}

/** The NAT of others that the plan follows. */
export interface FollowedNat {
  /** The chain that `follow` enters; a family without one has no rule that could decide about an uplink. */
  readonly starts: Readonly<Partial<Record<Family, string>>>;
  /** Each stands before those that call it. */
  readonly chains: readonly FollowedChain[];
  readonly unfollowed: readonly UnfollowedRule[];
}

/**
 * Everything that is to be true in the kernel, as data: every renderer, `explain`, the reports and the read-back stand on it.
 * `entry` is walked by every packet that leaves; a step that enters an origin goes on with that origin's steps, those with
 * the NAT of others, and where that does not decide, `undecided` does. A packet that meets no step is left alone. `watch` is what
 * the guard asks of packets that leave out of range, after all NAT. `settings` are written besides the rules.
 */
export interface Plan {
  readonly ranges: PortSet;
  readonly protocols: readonly Protocol[];
  readonly families: readonly Family[];
  readonly uplinks: { readonly mode: 'these' | 'all-but'; readonly names: readonly string[] };
  readonly sets: readonly NamedSet[];
  readonly entry: readonly Step[];
  readonly origins: Readonly<Record<Origin, readonly Step[]>>;
  readonly nat: FollowedNat;
  readonly undecided: readonly Step[];
  /** For a container network that is newer than the plan. */
  readonly newNetwork: readonly Step[];
  /** For what was forwarded and keeps its address. */
  readonly keep: readonly Step[];
  readonly watch: Readonly<Record<Origin, readonly Step[]>>;
  readonly guard: GuardMode;
  readonly settings: readonly Setting[];
  /** What a person should know about how this plan came about, one sentence each. */
  readonly notes: readonly string[];
}

/** Ranges with the index that names their chain, in the given order. */
export function numberedRanges(ranges: PortSet): readonly { readonly range: PortRange; readonly index: number }[] {
  return ranges.map((range, index) => ({ range, index }));
}
