import { uptime } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from './system.ts';

/** The clocks of this machine. */
export const realClock: Clock = {
  now: () => Date.now(),
  bootMs: () => Math.round(uptime() * 1000),
  sleep: async (ms, signal) => {
    await wait(ms, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      if (!signal?.aborted) throw error;
    });
  },
};
