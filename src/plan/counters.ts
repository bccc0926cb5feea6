import { FAMILIES, type Family, PROTOCOLS, type Protocol } from '../ports.ts';
import { ORIGINS, type Origin } from './plan.ts';

/**
 * What is counted. `confined`: new flows whose port was mapped into the range. Of what still leaves out of range, in packets:
 * `leaked` new flows, `preexisting` connections older than the fence, `leftAlone` what the policy leaves alone, `unfollowed`
 * what is left to a NAT rule of another that can't be followed.
 */
export const TALLIES = ['confined', 'leaked', 'preexisting', 'leftAlone', 'unfollowed'] as const;
export type Tally = (typeof TALLIES)[number];

/** Packets that conntrack does not know or calls invalid, out of range: they have no direction and no mapping. */
export const UNTRACKED = 'untracked';

/**
 * Packets that conntrack calls invalid and that would leave with the address of a container whose network is translated: the
 * last ones of connections that the kernel was made to forget.
 */
export const UNTRANSLATED = 'untranslated';

/** What leaves out of range and was left to the rule with this number. */
export const unfollowedCounter = (rule: number): string => `unfollowed_rule_${rule}`;

export interface CounterKey {
  readonly tally: Tally;
  readonly origin: Origin;
  readonly family: Family;
  readonly protocol: Protocol;
}

export function counterName({ tally, origin, family, protocol }: CounterKey): string {
  return `${tally}_${origin}_${family}_${protocol}`;
}

/** The key behind a counter's name, or undefined for a name that is none of ours. */
export function counterKey(name: string): CounterKey | undefined {
  const [tally, origin, family, protocol] = name.split('_');
  const found = {
    tally: TALLIES.find((one) => one === tally),
    origin: ORIGINS.find((one) => one === origin),
    family: FAMILIES.find((one) => one === family),
    protocol: PROTOCOLS.find((one) => one === protocol),
  };
  if (!found.tally || !found.origin || !found.family || !found.protocol) return undefined;
  return { tally: found.tally, origin: found.origin, family: found.family, protocol: found.protocol };
}
