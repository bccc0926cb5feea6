import type { Removed } from '../reconcile/remove.ts';

/** What a removal did, for people. */
export function removedText({ changed, draining, leftAsTheyAre }: Removed): readonly string[] {
  const first =
    draining === null
      ? "no new connection is mapped; an empty chain stays, since without conntrack(8) mapped connections can't be seen: install the package conntrack and remove again, or `portfence remove --now` cuts them"
      : draining > 0
        ? `no new connection is mapped; an empty chain stays while ${draining} mapped connections live, then it goes by itself (\`portfence remove --now\` cuts them)`
        : changed
          ? 'removed: nothing of portfence is left'
          : 'nothing to remove: there is no fence here';
  return [first, ...leftAsTheyAre];
}
