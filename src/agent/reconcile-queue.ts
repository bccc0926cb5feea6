import type { System } from '../system/system.ts';

/** Milliseconds of quiet before a burst of events is answered, and the longest that a burst can put it off. */
const QUIET_MS = 40;
const LONGEST_MS = 100;

export interface ReconcileQueue {
  /** Asks for a look. Events carry no data: however many come, one look runs at most, and one more follows the last of them. */
  ask(): void;
  /** Does what has to be done before the first look; events that come meanwhile are answered after it. Not after `ask`. */
  first(work: () => Promise<void>): Promise<void>;
  /** Settles when nothing runs. */
  idle(): Promise<void>;
}

/** The queue before a look that never throws. */
export function reconcileQueue(system: System, look: () => Promise<void>): ReconcileQueue {
  let running: Promise<void> | undefined;
  let events = 0;
  let first = 0;
  let last = 0;
  const run = async (): Promise<void> => {
    for (;;) {
      while (system.now() - last < QUIET_MS && system.now() - first < LONGEST_MS) await system.sleep(QUIET_MS / 4);
      const answered = events;
      await look();
      if (events === answered) return;
      first = system.now();
    }
  };
  return {
    ask: () => {
      events += 1;
      last = system.now();
      if (running) return;
      first = last;
      running = run().finally(() => {
        running = undefined;
      });
    },
    first: (work) => {
      const done = Promise.resolve().then(work);
      running = done
        .then(
          () => (events > 0 ? run() : undefined),
          () => {}, // The caller of `first` gets the error.
        )
        .finally(() => {
          running = undefined;
        });
      return done;
    },
    idle: async () => {
      await running;
    },
  };
}
