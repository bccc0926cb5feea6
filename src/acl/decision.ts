import type { Family } from '../ports.ts';
import type { AclEntry, Direction, NetworkAcl } from './model.ts';

/** `unsure`: it hangs on something that could not be judged. */
export type AclVerdict = 'pass' | 'drop' | 'unsure';

/** What decides about a packet. */
export type Decider =
  | {
      readonly kind: 'entry';
      readonly acl: NetworkAcl;
      readonly direction: Direction;
      readonly family: Family;
      readonly entry: AclEntry;
    }
  /** No entry matches. */
  | { readonly kind: 'implicit'; readonly acl: NetworkAcl; readonly direction: Direction; readonly family: Family }
  /** The ACL never sees the packet; why, in words. */
  | { readonly kind: 'unfiltered'; readonly why: string };

/** A fate and its reasons: what decides, or, of an unsure one, the entries that could not be judged. */
export interface Decision {
  readonly verdict: AclVerdict;
  readonly by: readonly Decider[];
  /** There are more reasons than are listed. */
  readonly hasMore?: true;
}

/** More reasons of one decision are not listed. */
const MOST_REASONS = 8;

/** A decision with as many reasons as people can read; what no ACL sees comes last. */
export function decisionFor(verdict: AclVerdict, by: readonly Decider[], hasMore = false): Decision {
  if (by.length <= MOST_REASONS) return hasMore ? { verdict, by, hasMore } : { verdict, by };
  const filtered = by.filter(({ kind }) => kind !== 'unfiltered');
  const first = [...filtered, ...by.filter(({ kind }) => kind === 'unfiltered')].slice(0, MOST_REASONS);
  return { verdict, by: first, hasMore: true };
}

const IMPLICIT_NUMBER: Readonly<Record<Family, number>> = { ipv4: 32_767, ipv6: 32_768 };

/** The number that AWS shows for what matches no entry (VPC guide, "Network ACL basics"); undefined elsewhere, where entries may have higher ones. */
export function implicitNumber({ exempts }: NetworkAcl, family: Family): number | undefined {
  return exempts === 'none' ? undefined : IMPLICIT_NUMBER[family];
}
