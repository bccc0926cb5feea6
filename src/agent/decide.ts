import type { Policy } from '../policy/policy.ts';
import type { State } from '../reconcile/state.ts';

/** Why the agent has to apply its own policy: it has just started, or a policy was given since. */
export type Order = 'start' | 'policy';

/** What a look does about what is recorded. */
export type Decision =
  /** Apply the agent's own policy, or the one that another apply has recorded. */
  | { readonly do: 'apply'; readonly takeOver?: Policy }
  /** An apply waits to be confirmed: touch nothing. */
  | { readonly do: 'wait'; readonly policy: Policy | undefined }
  | { readonly do: 'stayRemoved' };

/**
 * Decides from the recorded state. A missing record is no removal. A recorded removal yields to a policy that was given
 * later, not to a mere start: an agent that crashed must not bring back what was removed.
 */
export function decide({
  order,
  recorded,
  own,
}: {
  readonly order: Order | undefined;
  readonly recorded: Pick<State, 'wanted' | 'pending' | 'removed' | 'draining'>;
  /** The policy that the agent applied last. */
  readonly own: Policy | undefined;
}): Decision {
  const recordedPolicy = recorded.wanted?.policy;
  if (recorded.pending) return { do: 'wait', policy: recordedPolicy };
  if (recorded.removed && order !== 'policy') return { do: 'stayRemoved' };
  if (recorded.draining && order === undefined) return { do: 'stayRemoved' };
  if (order === undefined && recordedPolicy && JSON.stringify(recordedPolicy) !== JSON.stringify(own))
    return { do: 'apply', takeOver: recordedPolicy };
  return { do: 'apply' };
}
