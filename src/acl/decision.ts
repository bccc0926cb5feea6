import type { Family } from '../ports.ts';
import type { AclEntry, Direction, NetworkAcl } from './model.ts';

/** `unsure`: it hangs on something that could not be judged. */
export type Verdict = 'pass' | 'drop' | 'unsure';

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
  readonly verdict: Verdict;
  readonly by: readonly Decider[];
}

const IMPLICIT_NUMBER: Readonly<Record<Family, number>> = { ipv4: 32_767, ipv6: 32_768 };

/** The number that AWS shows for what matches no entry (VPC guide, "Network ACL basics"); undefined elsewhere, where entries may have higher ones. */
export function implicitNumber({ exempts }: NetworkAcl, family: Family): number | undefined {
  return exempts === 'none' ? undefined : IMPLICIT_NUMBER[family];
}
