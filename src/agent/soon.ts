import type { System } from '../system/system.ts';

/** Milliseconds of quiet before a burst of events is answered, and the longest that a burst can put it off. */
const QUIET_MS = 120;
const LONGEST_MS = 600;

/**
 * Events carry no data: each only means *look again*. However many come, one look is running at most, and one more follows
 * the last of them.
 */
export function lookSoon(
  system: System,
  look: () => Promise<void>,
): {
  poke(): void;
  /** Does what has to be done before the first look; events that come meanwhile are answered after it. Not after a poke. */
  first(work: () => Promise<void>): Promise<void>;
  idle(): Promise<void>;
} {
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
    poke: () => {
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
          () => {}, // Whoever asked for it is told.
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
