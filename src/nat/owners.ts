import type { Condition, IdRange, OwnerCondition } from './model.ts';

/** No user has the number 4294967295; iptables reads it as "no user". */
const HIGHEST_ID = 0xffff_fffe;

/** `1000` and `1000-1999`, as iptables-save writes users and groups; undefined for anything else. */
export function readIds(text: string): IdRange | undefined {
  const match = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text);
  return match ? idRange(Number(match[1]), Number(match[2] ?? match[1])) : undefined;
}

/** Undefined where the ends are no numbers of users, or the wrong way round. */
export const idRange = (from: number, to: number): IdRange | undefined =>
  from <= to && from <= HIGHEST_ID ? { from, to: Math.min(to, HIGHEST_ID) } : undefined;

/** All numbers but these. */
export function otherIds(ids: readonly IdRange[]): readonly IdRange[] {
  const others: IdRange[] = [];
  let next = 0;
  for (const { from, to } of ids.toSorted((a, b) => a.from - b.from)) {
    if (from > next) others.push({ from: next, to: from - 1 });
    next = Math.max(next, to + 1);
  }
  return next > HIGHEST_ID ? others : [...others, { from: next, to: HIGHEST_ID }];
}

export interface Asked {
  /** What holds where the rule does not match, each with the owner asked for in the positive. */
  readonly exceptions: readonly (readonly Condition[])[];
  /** What has to hold beside them. */
  readonly when: readonly Condition[];
}

/**
 * The conditions of a rule without those that ask for another owner: nft can't ask for packets that no program sent, or one of
 * others sent, so that the packets of the owner have to be led past the rule.
 */
export function withoutOthersOwners(conditions: readonly Condition[]): Asked {
  const isOther = (one: Condition): one is OwnerCondition<false> => one.test === 'owner' && !one.is;
  const when = conditions.filter((one) => !isOther(one));
  return { when, exceptions: conditions.filter(isOther).map((one) => [...when, { ...one, is: true }]) };
}
