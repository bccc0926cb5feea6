import type { Condition, Mapping, MarkChange, RuleSource } from './model.ts';

/**
 * What becomes of a flow's source. `keep`: no rule maps it. `drop`: the standing NAT drops it. `unfollowed`: a rule that the model has
 * no words for may decide, so that the flow must be left to its own NAT; `by` is that rule.
 */
export type Decision =
  | (Mapping & Decided)
  | { readonly do: 'keep' }
  | { readonly do: 'drop'; readonly by: RuleSource | undefined }
  | { readonly do: 'unfollowed'; readonly by: RuleSource; readonly why: string };

interface Decided {
  readonly by: RuleSource;
  /** What the packet's mark becomes on the way to this decision; undefined where it stays, or where nobody can tell. */
  readonly mark?: MarkChange;
}

export type ProgramVerdict =
  | { readonly do: 'decide'; readonly decision: Decision }
  /** `jump` comes back after the callee's last rule, or after its `return`; `goto` never does, as in nft and iptables. */
  | { readonly do: 'jump' | 'goto'; readonly to: string }
  | { readonly do: 'return' };

/** All conditions hold on the packet as it came (marks included): a renderer never has to set a mark for later rules. */
export interface ProgramRule {
  readonly when: readonly Condition[];
  readonly verdict: ProgramVerdict;
  /** The standing rule that this one follows; undefined for the glue between chains. */
  readonly source: RuleSource | undefined;
}

/**
 * The standing NAT of one family as one tree of chains that only decide. `chains` stand before those that jump to them; names
 * are `[a-z0-9_]`, at most 24 characters, and the same for the same input. A packet starts in `start`; its every way ends in a decision,
 * so that the stack of jumps that are open never matters. `depth` is the longest way in chains, `start` counted.
 */
export interface NatProgram {
  readonly start: string;
  readonly chains: ReadonlyMap<string, readonly ProgramRule[]>;
  readonly depth: number;
}
