import type { System } from '../system/system.ts';

const STEP_MS = 10;

/** Asks again until the answer is yes; gives the last answer when the time (ms) is over. */
export async function until(system: System, timeMs: number, ask: () => Promise<boolean>): Promise<boolean> {
  const end = system.now() + timeMs;
  for (;;) {
    if (await ask()) return true;
    if (system.now() >= end) return false;
    await system.sleep(STEP_MS);
  }
}
