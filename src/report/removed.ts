import type { Removed } from '../apply/remove.ts';

/** What a removal did, for people. */
export function removedText({ changed, draining, leftAsTheyAre }: Removed): readonly string[] {
  const first =
    draining > 0
      ? `no new connection is mapped; an empty chain stays while ${draining} mapped connections live, then it goes by itself (\`portfence remove --now\` cuts them)`
      : changed
        ? 'removed: nothing of portfence is left'
        : 'nothing to remove: there is no fence here';
  return [first, ...leftAsTheyAre];
}
