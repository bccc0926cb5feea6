import type { Family, PortRange, PortSet } from '../ports.ts';

/** One block or span of addresses of one family: `10.0.0.0/8`, `10.0.0.7/32`, or `10.0.0.5-10.0.0.9` where no block says it. */
export type AddressSpan = string;

/** An interface's exact name, or the beginning of names followed by `*`. `*` alone is every interface, and none. */
export type InterfacePattern = string;

/** The kinds of addresses that the routing table tells (rtnetlink's RTN_*; addrtype and nft's fib ask for them). */
export const ADDRESS_TYPES = [
  'unspec',
  'unicast',
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
] as const;
export type AddressType = (typeof ADDRESS_TYPES)[number];

/** What conntrack says of a flow; `snat` and `dnat` say that the flow has such a mapping already. */
export const CONNECTION_STATES = ['new', 'established', 'related', 'invalid', 'untracked', 'snat', 'dnat'] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

/** Marks are 32 bits, unsigned. `packet` is the skb's mark, `connection` conntrack's. */
export type MarkOwner = 'packet' | 'connection';

/**
 * A question about the first packet of a flow at postrouting. `is: false` turns the whole question round. A rule's conditions
 * must all hold. `opaque` stands for every question that this model has no words for; `text` is what the rule says.
 */
export type Condition =
  | { readonly test: 'source' | 'destination'; readonly in: readonly AddressSpan[]; readonly is: boolean }
  | { readonly test: 'arrived-on' | 'leaves-by'; readonly in: readonly InterfacePattern[]; readonly is: boolean }
  /** IP protocol numbers 1-255 (6 tcp, 17 udp, 132 sctp). */
  | { readonly test: 'protocol'; readonly in: readonly number[]; readonly is: boolean }
  /** Only asked beside a protocol that has ports; the reader adds that condition where the rule implies it. */
  | { readonly test: 'source-port' | 'destination-port'; readonly in: PortSet; readonly is: boolean }
  | AddressTypeCondition
  | MarkCondition
  | { readonly test: 'state'; readonly in: readonly ConnectionState[]; readonly is: boolean }
  /** Whether an IPsec policy of this host will transform the packet (xt_policy's `--dir out --pol ipsec`, nft's `rt ipsec`). */
  | { readonly test: 'ipsec'; readonly is: boolean }
  /** Whether the packet was made on this host, not forwarded. */
  | { readonly test: 'made-here'; readonly is: boolean }
  | OwnerCondition<true>
  | OwnerCondition<false>
  | { readonly test: 'opaque'; readonly text: string };

/**
 * Whether a program of this host sent the packet, by a socket whose user (or group) is one of these. No packet that is
 * forwarded has such a socket, nor one that the kernel sends by itself (owner_mt, xt_owner.c; nft_meta_get_eval_skugid, nft_meta.c).
 */
export interface OwnerCondition<Is extends boolean> {
  readonly test: 'owner';
  readonly of: 'user' | 'group';
  readonly in: readonly IdRange[];
  readonly is: Is;
}

/** Numbers of users or groups, 32 bits, both ends inclusive. */
export interface IdRange {
  readonly from: number;
  readonly to: number;
}

export interface AddressTypeCondition {
  readonly test: 'address-type';
  readonly of: 'source' | 'destination';
  readonly in: readonly AddressType[];
  readonly is: boolean;
  /** `leaves-by`: only addresses and routes of the interface that the packet leaves by count (addrtype's --limit-iface-out). */
  readonly limit?: 'leaves-by';
}

/** Whether the bits of the mask, and nothing but them, have one of the values. */
export interface MarkCondition {
  readonly test: 'mark';
  readonly of: MarkOwner;
  readonly mask: number;
  readonly values: readonly number[];
  readonly is: boolean;
}

/** The mark becomes `(mark & keep) ^ flip`, which says set, or, and, xor alike. */
export interface MarkChange {
  readonly keep: number;
  readonly flip: number;
}

/** What gives a flow another source. `ports` is the rule's own range; flags that choose ports at random are left out. */
export type Mapping =
  | { readonly do: 'masquerade'; readonly ports?: PortRange }
  | { readonly do: 'snat'; readonly addresses?: AddressRange; readonly ports?: PortRange; readonly persistent?: true };

/** Both ends inclusive; equal for a single address. The kernel chooses one by a hash of source and destination. */
export interface AddressRange {
  readonly from: string;
  readonly to: string;
}

/**
 * `pass` goes on with the next rule (a counter, a log). `accept` ends the base chain, and the next base chain is asked.
 * `return` goes back to the rule after the jump, in a base chain it is `accept`. `opaque` may end anywhere, with any address.
 */
export type Verdict =
  | Mapping
  | { readonly do: 'pass' | 'accept' | 'return' | 'drop' }
  | { readonly do: 'jump' | 'goto'; readonly chain: string }
  | MarkVerdict
  | { readonly do: 'opaque'; readonly text: string };

/** The packet goes on with the next rule. `lose-mark`: the mark becomes what only the packet knows (CONNMARK --restore-mark). */
export type MarkVerdict =
  | ({ readonly do: 'set-mark'; readonly of: MarkOwner } & MarkChange)
  | { readonly do: 'lose-mark'; readonly of: MarkOwner };

export const BACKENDS = ['iptables-nft', 'iptables-legacy', 'nftables'] as const;
export type NatBackend = (typeof BACKENDS)[number];

/** Where a rule stands, for people; every text is scrubbed. `table` is `nat`, or nft's family and name: `inet firewalld`. */
export interface RuleSource {
  readonly backend: NatBackend;
  readonly table: string;
  readonly chain: string;
  /** The rule in its tool's words; for nft in JSON words, shortened. */
  readonly text: string;
}

export interface NatRule {
  readonly when: readonly Condition[];
  /** What happens to the marks once all conditions hold, before the verdict; nft's rules can do both. */
  readonly marks?: readonly MarkVerdict[];
  readonly verdict: Verdict;
  readonly source: RuleSource;
}

/** A table's chains by name; jumps stay within their table. */
export type Chains = ReadonlyMap<string, readonly NatRule[]>;

/** A nat chain that the kernel calls at postrouting. */
export interface BaseChain {
  readonly backend: NatBackend;
  readonly table: string;
  readonly name: string;
  readonly priority: number;
  /** nft's policy of the base chain: what becomes of a packet that no rule ended. */
  readonly policy: 'accept' | 'drop';
  /** All chains of the table that this one can reach, itself included. */
  readonly chains: Chains;
}

/**
 * All source NAT that stands in a network namespace, by family. Base chains are in the order in which the kernel asks them:
 * by priority, and at equal priority the one registered last comes first (nf_hook_entries_grow, netfilter/core.c). The first
 * mapping ends it; accept and return end their own base chain only (nf_nat_inet_fn, nf_nat_core.c). The order of chains with equal
 * priority in different tables is taken from the tables' handles, since a listing does not tell when a chain was registered.
 */
export type StandingNat = Readonly<Record<Family, readonly BaseChain[]>>;

export const NO_NAT: StandingNat = { ipv4: [], ipv6: [] };

/** `ip nat POSTROUTING: -o eth0 -j MASQUERADE`, the way a rule is named to people. */
export function ruleName({ backend, table, chain, text }: RuleSource): string {
  const where = backend === 'nftables' ? table : `${backend} ${table}`;
  return `${where} ${chain}: ${text}`;
}
