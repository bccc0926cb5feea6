import type { Plan } from '../../plan/plan.ts';
import { FAMILIES, type Family } from '../../ports.ts';
import { withoutJumps } from './gotos.ts';
import type { Variant } from './rules.ts';

export interface IptablesTraits {
  readonly variant: Variant;
  /** Whether the kernel tells at postrouting on which interface a packet arrived (Linux 5.7). */
  readonly seesArrival: boolean;
  /** Of which the variant can hold rules here: all, or those of a kernel without IPv6. */
  readonly families: readonly Family[];
}

function isGivenUp({ nat }: Plan, family: Family): boolean {
  const start = nat.starts[family];
  return start !== undefined && withoutJumps(nat.chains, start).isGivenUp;
}

/** What chains in iptables' tables can't promise, one sentence each. */
export function iptablesLimits(plan: Plan, { variant, seesArrival, families }: IptablesTraits): readonly string[] {
  return [
    'whoever inserts a rule at the head of POSTROUTING, as Docker does for each new network, gets packets before the fence until the agent (after about 0.1 s, median) or the next apply puts it first again',
    ...(variant === 'legacy'
      ? [
          'the kernel tells nobody of a change of iptables-legacy rules: the agent looks at events of links and engines, else every 30 s',
        ]
      : []),
    'a nat chain of nftables that somebody makes later with priority 100 or less (Docker with its nftables backend, at each start) comes before iptables, and no apply changes that',
    ...FAMILIES.filter((family) => isGivenUp(plan, family)).map(
      (family) =>
        `the ${family} NAT rules of others are too entangled for iptables to follow: every such flow keeps its own NAT`,
    ),
    ...(plan.guard === 'off'
      ? []
      : [
          `the guard stands before NAT and knows a connection's port from its second packet on: a leak of one packet is not ${plan.guard === 'drop' ? 'dropped' : 'counted'}, and one that is answered all the same counts as older`,
        ]),
    ...plan.families
      .filter((family) => !families.includes(family))
      .map(
        (family) =>
          `this kernel has no ${family}: nothing leaves over it, and iptables-${variant} holds no rules for it`,
      ),
    ...(seesArrival
      ? []
      : [
          "this kernel (before Linux 5.7) does not tell at postrouting where a packet arrived: containers are known by their networks' addresses, and a network made later only from the next look on",
        ]),
  ];
}
