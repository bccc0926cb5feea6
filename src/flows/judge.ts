import type { FlowEntry } from '../observe/conntrack.ts';
import type { HostFacts } from '../plan/facts.ts';
import { locate } from '../plan/locate.ts';
import type { Plan } from '../plan/plan.ts';
import { walk } from '../plan/walk.ts';
import type { Protocol } from '../ports.ts';

/**
 * What the plan says of a flow that leaves out of range. `leak`: a new connection like it would be mapped, so that this one
 * is older than the fence, or the fence was away; `left-alone` and `unfollowed`: the plan does not touch it; `not-ours`: it is
 * none of the fence's business.
 */
export type Verdict = 'leak' | 'left-alone' | 'unfollowed' | 'not-ours';

/** One flow with the port that it leaves with. */
export interface JudgedFlow {
  readonly protocol: Protocol;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly leaving: string;
  readonly leavingPort: number;
  readonly state: string | null;
  /** Seconds until the entry ends; null for an offloaded flow. */
  readonly timeoutS: number | null;
  readonly verdict: Verdict;
  /** The rule that says so. */
  readonly rule: string | null;
}

/** Asks the plan about a flow. Pure. */
export function judge(flow: FlowEntry, plan: Plan, facts: HostFacts): JudgedFlow {
  const packet = locate({ protocol: flow.protocol, ...flow.original }, facts, plan);
  const fate = packet && walk(plan, packet).fate;
  const asLeft = fate?.do === 'leave' && fate.as !== 'under-way' ? fate.as : 'not-ours';
  return {
    protocol: flow.protocol,
    source: flow.original.source,
    sourcePort: flow.original.sourcePort,
    destination: flow.reply.source,
    destinationPort: flow.reply.sourcePort,
    leaving: flow.reply.destination,
    leavingPort: flow.reply.destinationPort,
    state: flow.state ?? null,
    timeoutS: flow.timeoutS ?? null,
    verdict: fate?.do === 'map' ? 'leak' : asLeft,
    rule: fate?.step?.why ?? null,
  };
}
