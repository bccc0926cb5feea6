import type { Clock } from '../../../src/system/system.ts';

const BOOTED_AT = Date.UTC(2025, 11, 31, 23);
const STARTED_AT = Date.UTC(2026, 0, 1);

/** A clock on which time passes by `sleep` alone. `setWallClock` is the administrator who sets it, by so many ms. */
export function fakeClock(slept: number[]): Clock & { setWallClock(byMs: number): void } {
  let passed = STARTED_AT - BOOTED_AT;
  let set = 0;
  return {
    now: () => BOOTED_AT + passed + set,
    bootMs: () => passed,
    sleep: async (ms, signal) => {
      slept.push(ms);
      if (!signal?.aborted) passed += ms;
    },
    setWallClock: (byMs) => {
      set += byMs;
    },
  };
}
