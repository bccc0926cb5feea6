import type { Cidr } from '../addresses.ts';
import type { GuardMode } from '../policy/policy.ts';
import type { Family, PortRange, PortSet, Protocol } from '../ports.ts';

/** Whose traffic a packet is: made on this host, arrived from a container network, or anything else that is forwarded. */
export const ORIGINS = ['host', 'containers', 'forwarded'] as const;
export type Origin = (typeof ORIGINS)[number];

/** What becomes of the source address when the source port is mapped. */
export type AddressMode =
  | { readonly mode: 'keep' }
  | { readonly mode: 'masquerade' }
  | { readonly mode: 'fixed'; readonly family: Family; readonly address: string };

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
  | { readonly test: 'made-here' }
  | { readonly test: 'source-local'; readonly is: boolean }
  | { readonly test: 'opening'; readonly is: false }
  | { readonly test: 'arrived-on'; readonly set: SetName };

/** Why a packet is not mapped: none of our business, left alone on purpose, or part of a connection that is older than the fence. */
export type LeaveReason = 'not-ours' | 'left-alone' | 'under-way';

export type Outcome =
  | { readonly do: 'leave'; readonly as: LeaveReason }
  | { readonly do: 'enter'; readonly origin: Origin }
  | { readonly do: 'map'; readonly address: AddressMode };

/** One decision. `id` is stable and names the rule in every listing, trace and drift report; `why` is for people. */
export interface Step {
  readonly id: string;
  readonly when: readonly Condition[];
  readonly then: Outcome;
  readonly why: string;
}

export const SET_NAMES = [
  'uplinks',
  'not_uplinks',
  'containers',
  'not_containers',
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
    };

/** A kernel setting of this host, as the kernel writes it. */
export interface Setting {
  readonly key: 'net.ipv4.ip_local_port_range' | 'net.ipv4.ip_local_reserved_ports';
  readonly value: string;
  /** What it was before the fence, and becomes again when the fence goes. */
  readonly before: string;
}

/**
 * Everything that is to be true in the kernel, as data: every renderer, `explain`, the reports and the read-back stand on it.
 * `entry` is walked by every packet that leaves; a step that enters an origin goes on with that origin's steps. A packet that
 * meets no step is left alone. `settings` are written besides the rules.
 */
export interface Plan {
  readonly ranges: PortSet;
  readonly protocols: readonly Protocol[];
  readonly families: readonly Family[];
  readonly uplinks: { readonly mode: 'these' | 'all-but'; readonly names: readonly string[] };
  readonly sets: readonly NamedSet[];
  readonly entry: readonly Step[];
  readonly origins: Readonly<Record<Origin, readonly Step[]>>;
  readonly guard: GuardMode;
  readonly settings: readonly Setting[];
  /** What a person should know about how this plan came about, one sentence each. */
  readonly notes: readonly string[];
}

/** Ranges with the index that names their chain, in the plan's order. */
export function numberedRanges(plan: Plan): readonly { readonly range: PortRange; readonly index: number }[] {
  return plan.ranges.map((range, index) => ({ range, index }));
}
