import type { Cidr } from '../../addresses.ts';
import type { Origin, Plan } from '../../plan/plan.ts';
import type { Family } from '../../ports.ts';

/**
 * How a container's packet is known. By the interface that it arrived on, in chains of our own: Linux 5.7 and newer tell it at
 * postrouting (ip_output, "netfilter: Support iif matches in POSTROUTING"). By its source address before that.
 */
export type Arrival = { readonly by: 'interface' } | { readonly by: 'source'; readonly containers: readonly Cidr[] };

/** What a condition is rendered for. */
export interface View {
  readonly plan: Plan;
  readonly family: Family;
  readonly arrival: Arrival;
  /** Whose packets come here, where that was asked before. */
  readonly origin?: Origin;
  /** NAT comes after the guard's table, which asks conntrack instead whether a source is translated. */
  readonly isGuard?: true;
}
