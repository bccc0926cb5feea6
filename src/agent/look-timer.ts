import type { AgentStatus } from '../reconcile/agent-status.ts';
import type { System } from '../system/system.ts';
import type { StatusFeed } from './status-feed.ts';

/** Milliseconds between two looks when nothing happens. */
const INTERVAL_MS = 30_000;
/** How many of them in a row only compare the kernel with what the last look wanted: events report the rest. */
const CHECKS = 9;
/** Milliseconds until a look that failed is tried again, doubled each time; also the grace after a deadline. */
const FIRST_RETRY_MS = 1000;

/** Milliseconds until the next look without an event: soon after a failure or a deadline; `failures` in a row. */
export function pauseBefore(
  { state, until }: Pick<AgentStatus, 'state' | 'until'>,
  { failures, now }: { readonly failures: number; readonly now: number },
): number {
  if (state === 'failing') return Math.min(INTERVAL_MS, FIRST_RETRY_MS * 2 ** Math.min(10, Math.max(0, failures - 1)));
  if (state !== 'pending' || until === null) return INTERVAL_MS;
  return Math.min(INTERVAL_MS, Math.max(0, until - now) + FIRST_RETRY_MS);
}

/** Asks for looks when no event does. */
export interface LookTimer {
  /** A look has ended: the pause begins anew where its outcome asks for another one. */
  looked(): void;
  /** Runs until the signal fires. */
  run(signal: AbortSignal): Promise<void>;
}

/** A timer that reads the state in the feed; `check` is the cheap look, false where it does not do. */
export function lookTimer(
  system: System,
  { feed, check, ask }: { readonly feed: StatusFeed; readonly check: () => Promise<boolean>; readonly ask: () => void },
): LookTimer {
  let failures = 0;
  let waiting = new AbortController();
  return {
    looked: () => {
      const { state } = feed.current();
      failures = state === 'failing' ? failures + 1 : 0;
      if (state === 'failing' || state === 'pending') waiting.abort();
    },
    run: async (signal) => {
      failures = feed.current().state === 'failing' ? 1 : 0;
      for (let quiet = 0; !signal.aborted; ) {
        waiting = new AbortController();
        const pause = pauseBefore(feed.current(), { failures, now: system.now() });
        await system.sleep(pause, AbortSignal.any([signal, waiting.signal]));
        if (signal.aborted) return;
        if (waiting.signal.aborted) continue;
        const isCheck = quiet % (CHECKS + 1) < CHECKS && feed.current().state === 'inSync';
        quiet += 1;
        if (!isCheck || !(await check())) ask();
      }
    },
  };
}
