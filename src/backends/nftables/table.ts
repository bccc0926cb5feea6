import type { NamedSet, UnfollowedRule } from '../../plan/plan.ts';
import { clipped } from '../../scrub.ts';

/** The one table that portfence makes and owns. */
export const FAMILY = 'inet';
export const TABLE = 'portfence';

/** The guard runs after all NAT and sees the port as it leaves. */
export const GUARD_PRIORITY = 300;

export interface Rule {
  /** The step or purpose that the rule comes from; the first word of its comment in the kernel. */
  readonly id: string;
  /** The rule in nft's words, without its comment. */
  readonly text: string;
  readonly why: string;
}

export interface Chain {
  readonly name: string;
  readonly base?: { readonly type: 'nat' | 'filter'; readonly priority: number };
  readonly rules: readonly Rule[];
}

/** The table as data, in the order in which it is written: a chain comes before the chains that jump to it. */
export interface Table {
  readonly sets: readonly NamedSet[];
  /** Rules of others for which a set remembers the flows that are left to them. */
  readonly flows: readonly Pick<UnfollowedRule, 'number' | 'family'>[];
  readonly counters: readonly string[];
  readonly chains: readonly Chain[];
}

/** nft refuses longer comments (NFT_USERDATA_MAXLEN leaves 127 bytes and the end). */
const LONGEST_COMMENT = 127;

export function commentOf({ id, why }: Rule): string {
  return clipped(`${id}: ${why}`.replaceAll('"', "'"), LONGEST_COMMENT);
}
