import type { SourceHealth } from '../../reconcile/agent-status.ts';

/** What a source can report. Events carry no data: each only means that it is time to look. */
export interface SourceListener {
  /** Something may have changed. */
  readonly changed: () => void;
  /** Our table was taken away. */
  readonly lost: () => void;
  /** The policy may have changed. */
  readonly policy: () => void;
}

/** A source that reports until it ends by itself or is stopped. */
export interface OpenSource {
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Why a source can't be opened now: what it watches does not exist, or would be started by a connection. */
export type Closed = Extract<SourceHealth, 'absent' | 'asleep'>;

/** Milliseconds before a source that ended is opened again: `first`, then doubled, up to `longest`. */
export interface BackOff {
  readonly first: number;
  readonly longest: number;
}

/** One row of the table of event sources. */
export interface EventSource {
  readonly name: string;
  readonly open: (listener: SourceListener) => Promise<OpenSource | Closed>;
  readonly backOff: BackOff;
  /** Calls when it may be worth while to open it before its time; undefined for sources that nothing announces. */
  readonly announce?: (wake: () => void) => { close(): void };
}
