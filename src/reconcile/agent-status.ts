import type { FenceTotals } from './fence-status.ts';

/** The version of the document in `agent.json`; a reader that knows a lower one finds its keys unchanged. */
export const AGENT_STATUS_VERSION = 1;

/**
 * `starting`: nothing was read back yet; `inSync`: the kernel was read back as planned; `restoring`: it was not, and is being
 * changed; `pending`: an apply waits to be confirmed; `removed`: the fence was removed on purpose; `failing`: the last attempt failed.
 */
export const AGENT_STATES = ['starting', 'inSync', 'restoring', 'pending', 'removed', 'failing'] as const;
export type AgentStateName = (typeof AGENT_STATES)[number];

/** The agent's state. Times are milliseconds since the epoch. */
export type AgentState =
  | { readonly name: Exclude<AgentStateName, 'pending' | 'failing'>; readonly since: number }
  | { readonly name: 'pending'; readonly since: number; readonly until: number }
  | { readonly name: 'failing'; readonly since: number; readonly error: string };

/** A network namespace that keeps settings of its own: they were chosen for it, or (`refused`) the kernel refused ours. */
export interface ForeignSettings {
  readonly path: string;
  /** The container's name where an engine gives it; scrubbed. */
  readonly container?: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly refused?: true;
}

/** What the native layer has done. */
export interface NativeReport {
  /** How many namespaces have the range of the policy. */
  readonly given: number;
  readonly kept: readonly ForeignSettings[];
  /** The folders that are watched for namespaces. */
  readonly folders: readonly string[];
}

/**
 * `up`: it reports events; `absent`: what it watches does not exist; `asleep`: only systemd listens on the engine's socket, so
 * that a connection would start the engine; `down`: it ended, and is opened again at `retryAt`.
 */
export type SourceHealth = 'opening' | 'up' | 'absent' | 'asleep' | 'down';

/** The health of one event source. Times are milliseconds since the epoch. */
export interface SourceStatus {
  readonly name: string;
  readonly health: SourceHealth;
  readonly since: number;
  /** How often in a row it ended soon after it was opened. */
  readonly failures: number;
  readonly retryAt: number | null;
}

/** What names the agent's process. */
export type AgentIdentity = Pick<AgentStatus, 'pid' | 'process' | 'pidNamespace'>;

/** The one model of the running agent. Times are milliseconds since the epoch. */
export interface AgentStatus {
  readonly version: typeof AGENT_STATUS_VERSION;
  readonly pid: number;
  /** `PID@START`: this process and no later one with its number (Processes.processIdentity). */
  readonly process: string | null;
  /** The pid namespace in which `pid` counts, as /proc/self/ns/pid names it. */
  readonly pidNamespace: string | null;
  /** When the agent started. */
  readonly since: number;
  readonly state: AgentStateName;
  readonly stateSince: number;
  /** When a pending apply is rolled back. */
  readonly until: number | null;
  /** When the kernel was last read back as planned. */
  readonly lastSuccess: number | null;
  /** The last error, also one that is over; it is what fails now where `state` is `failing`. */
  readonly lastError: { readonly message: string; readonly since: number } | null;
  /** When the loop last ended a look, whatever it found. */
  readonly checkedAt: number | null;
  /** How the kernel differs from the plan. */
  readonly drift: readonly string[];
  /** The fence's counters at the last look, in packets; null where there is no fence. */
  readonly counters: FenceTotals | null;
  /** Whole looks since the agent started. */
  readonly looks: number;
  /** How often the kernel had to be changed back to what was wanted already. */
  readonly healed: number;
  readonly native: NativeReport;
  readonly sources: readonly SourceStatus[];
}
