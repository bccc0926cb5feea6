import { observeLinks } from '../observe/links.ts';
import type { PolicySource } from '../reconcile/survey.ts';
import type { System } from '../system/system.ts';
import { reasonOf } from './status-feed.ts';

export interface PolicyFollower {
  /** Reads the policy anew; one that can't be read or is wrong is refused, and the last good one stays. Never throws. */
  reload(): Promise<void>;
  /** The next policy that is read is an order to fence, also where it has not changed. */
  orderAnew(): void;
  /** The files that the policy is made of now; the last known ones where that can't be found out. */
  files(): Promise<readonly string[]>;
}

/** Follows the policy: one that differs from the last is an order to fence, also where the fence was removed. */
export function policyFollower(
  system: System,
  {
    first,
    load,
    files,
    order,
    say,
  }: {
    /** What the agent began with. */
    readonly first: PolicySource;
    readonly load: () => Promise<PolicySource>;
    readonly files: () => Promise<readonly string[]>;
    readonly order: (source: PolicySource) => void;
    readonly say: (line: string) => void;
  },
): PolicyFollower {
  let last: string | undefined;
  let refusal: string | undefined;
  let isOrder = false;
  let known: readonly string[] = [];
  return {
    reload: async () => {
      try {
        const next = await load();
        const interfaces = (await observeLinks(system)).map(({ name }) => name);
        const policy = JSON.stringify(next(interfaces));
        last ??= JSON.stringify(first(interfaces));
        if (isOrder || policy !== last) order(next);
        last = policy;
        isOrder = false;
        refusal = undefined;
      } catch (error) {
        const reason = reasonOf(error);
        if (reason !== refusal) say(`the new policy is refused, the last good one stays:\n${reason}`);
        refusal = reason;
      }
    },
    orderAnew: () => {
      isOrder = true;
    },
    files: async () => {
      known = await files().catch(() => known);
      return known;
    },
  };
}
