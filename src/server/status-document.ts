import type { FlowState } from '../flows/watch-flows.ts';
import type { AgentStatus } from '../reconcile/agent-status.ts';
import type { PolicyInForce } from '../reconcile/policy-in-force.ts';
import { type History, leakedSince } from './history.ts';

/** The fullest destination. */
export interface Fullest {
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly inUse: number;
  readonly available: number;
}

/** `/api/status`: the agent's own model, and what its server knows beside it. */
export interface StatusDocument extends AgentStatus {
  /** When this was answered, by this host's clock: milliseconds since the epoch. */
  readonly at: number;
  /** The version of the program. */
  readonly program: string;
  /** Null before the first look. */
  readonly policy: PolicyInForce | null;
  /** Null where nothing leaves, or before the first look at the flows. */
  readonly fullest: Fullest | null;
  /** Packets that leaked in the last hour; of all times where no agent ran an hour ago. */
  readonly leakedLastHour: number;
}

const HOUR_MS = 3_600_000;

/** Puts the document together. */
export function statusDocument(
  status: AgentStatus,
  known: {
    readonly now: number;
    readonly version: string;
    readonly policy: PolicyInForce | undefined;
    readonly flows: FlowState | undefined;
    readonly history: History;
  },
): StatusDocument {
  const { now, history } = known;
  const [fullest] = known.flows?.destinations ?? [];
  return {
    ...status,
    at: now,
    program: known.version,
    policy: known.policy ?? null,
    fullest: fullest ? fullestOf(fullest) : null,
    leakedLastHour: leakedSince(history, now - HOUR_MS, status.counters?.leaked ?? 0),
  };
}

const fullestOf = ({ protocol, address, port, inUse, available }: Fullest): Fullest => ({
  ...{ protocol, address, port, inUse, available },
});
