import { PortfenceError } from '../errors.ts';
import {
  AGENT_STATUS_VERSION,
  type AgentIdentity,
  type AgentState,
  type AgentStatus,
  type SourceStatus,
} from '../reconcile/agent-status.ts';
import type { System } from '../system/system.ts';
import { coalesce } from './coalesce.ts';
import { type AgentEvent, nextState } from './states.ts';

/** Receives every status that is published. What it throws is reported once, and costs the agent nothing else. */
export interface StatusSubscriber {
  readonly name: string;
  readonly publish: (status: AgentStatus) => Promise<void>;
  /** The agent is about to end. */
  readonly end?: () => Promise<void>;
}

/** The parts of the status beside the state. */
export type StatusChange = Partial<
  Pick<AgentStatus, 'checkedAt' | 'drift' | 'counters' | 'looks' | 'healed' | 'native' | 'sources'>
>;

/** The agent's one status, and its way to the subscribers. */
export interface StatusFeed {
  current(): AgentStatus;
  /** Lets the state machine know of an event; the subscribers learn of a new state soon. */
  happened(event: AgentEvent): void;
  update(change: StatusChange): void;
  /** Takes the health of one source into the status. */
  source(status: SourceStatus): void;
  /** Takes a source out of the status that is watched no more. */
  forgetSource(name: string): void;
  /** Gives the present status to every subscriber. */
  publish(): void;
  /** Settles when the last status was published and every subscriber knows of the end. */
  close(): Promise<void>;
}

/** Opens the feed of an agent that starts now. */
export function openStatusFeed(
  system: System,
  {
    identity,
    subscribers,
    say,
  }: {
    readonly identity: AgentIdentity;
    readonly subscribers: readonly StatusSubscriber[];
    readonly say: (line: string) => void;
  },
): StatusFeed {
  const started = system.now();
  let state: AgentState = { name: 'starting', since: started };
  let status = initialStatus(identity, started);
  const broken = new Set<string>();
  const give = async ({ name, publish }: StatusSubscriber): Promise<void> => {
    try {
      await publish(status);
      broken.delete(name);
    } catch (error) {
      if (!broken.has(name)) say(`can't publish the status (${name}): ${reasonOf(error)}`);
      broken.add(name);
    }
  };
  const publishing = coalesce(async () => {
    await Promise.all(subscribers.map(give));
  });
  return {
    current: () => status,
    happened: (event) => {
      const before = state;
      state = nextState(state, event, system.now());
      status = withState(status, { state, event, now: system.now() });
      if (state !== before) publishing.ask();
    },
    update: (change) => {
      status = { ...status, ...change };
    },
    source: (one) => {
      const known = status.sources.some(({ name }) => name === one.name);
      const sources = known
        ? status.sources.map((other) => (other.name === one.name ? one : other))
        : [...status.sources, one];
      status = { ...status, sources };
      publishing.ask();
    },
    forgetSource: (name) => {
      status = { ...status, sources: status.sources.filter((one) => one.name !== name) };
      publishing.ask();
    },
    publish: publishing.ask,
    close: async () => {
      await publishing.idle();
      await Promise.all(subscribers.map(({ end }) => end?.().catch(() => {})));
    },
  };
}

function initialStatus(identity: AgentIdentity, started: number): AgentStatus {
  return {
    version: AGENT_STATUS_VERSION,
    ...identity,
    since: started,
    state: 'starting',
    stateSince: started,
    ...{ until: null, lastSuccess: null, lastError: null, checkedAt: null, drift: [], counters: null },
    ...{ looks: 0, healed: 0, native: { given: 0, kept: [], folders: [] }, sources: [] },
  };
}

function withState(
  status: AgentStatus,
  { state, event, now }: { readonly state: AgentState; readonly event: AgentEvent; readonly now: number },
): AgentStatus {
  return {
    ...status,
    state: state.name,
    stateSince: state.since,
    until: state.name === 'pending' ? state.until : null,
    lastSuccess: event.type === 'readBack' ? now : status.lastSuccess,
    lastError: state.name === 'failing' ? { message: state.error, since: state.since } : status.lastError,
  };
}

/** The error in words. What portfence does not raise itself is a fault of its own, and comes with its stack. */
export function reasonOf(error: unknown): string {
  if (error instanceof PortfenceError) return error.detail ? `${error.message}\n${error.detail}` : error.message;
  if (error instanceof Error) return 'code' in error ? error.message : (error.stack ?? error.message);
  return String(error);
}
