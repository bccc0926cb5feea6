import { fits } from '../plan/wildcards.ts';
import { policyDigest } from '../policy/digest.ts';
import { rangeText, subtract } from '../ports.ts';
import type { Survey } from './survey.ts';

/** What is in force on this host, for those who compare hosts. Ports are texts, both ends included. */
export interface PolicyInForce {
  /** The same for equal policies (policyDigest). */
  readonly digest: string;
  readonly ports: readonly string[];
  readonly protocols: readonly string[];
  readonly families: readonly string[];
  /** Destinations that the fence leaves alone. */
  readonly exempt: readonly string[];
  /** What the kernel hands out where the fence leaves connections alone. */
  readonly plainPorts: readonly string[];
  /** Addresses of the uplinks, with prefix length; none where the uplinks are not known. */
  readonly addresses: readonly string[];
}

/** What a survey says of the policy. */
export function policyInForce({ policy, plan, facts }: Pick<Survey, 'policy' | 'plan' | 'facts'>): PolicyInForce {
  const { names, mode } = plan.uplinks;
  const uplinks = facts.links.filter(({ name }) => mode === 'these' && names.some((one) => fits(one, name)));
  return {
    digest: policyDigest(policy),
    ports: policy.ports.map(rangeText),
    protocols: policy.protocols,
    families: policy.families,
    exempt: policy.exempt.destinations,
    plainPorts: subtract([facts.localPortRange], facts.reservedPorts).map(rangeText),
    addresses: uplinks.flatMap(({ addresses }) => addresses),
  };
}
