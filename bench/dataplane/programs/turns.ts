import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Loaded } from '../load.ts';

/** Gives milliseconds, or undefined where it failed. */
type Attempt = () => Promise<number | undefined>;

/** Milliseconds between two looks at what is due; a slow load need not wake the processor so often. */
const SHORTEST_STEP_MS = 2;

interface Tally {
  add(result: number | undefined): void;
  loaded(): Loaded;
}

export function tally(): Tally {
  const began = performance.now();
  const latencies: number[] = [];
  let failed = 0;
  return {
    add: (result) => {
      if (result === undefined) failed += 1;
      else latencies.push(result);
    },
    loaded: () => ({
      started: latencies.length + failed,
      failed,
      seconds: (performance.now() - began) / 1000,
      latencies: latencies.sort((a, b) => a - b).map((ms) => Math.round(ms * 100) / 100),
    }),
  };
}

/** Starts `rate` attempts a second, whatever became of the earlier ones. */
export async function openLoop(
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
  attempt: Attempt,
): Promise<Loaded> {
  const sum = tally();
  const running: Promise<void>[] = [];
  const began = performance.now();
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - began) / 1000) {
    while (running.length < elapsed * rate) running.push(attempt().then(sum.add));
    await sleep(Math.max(SHORTEST_STEP_MS, Math.floor(1000 / rate)));
  }
  await Promise.all(running);
  return sum.loaded();
}

/** Keeps `together` attempts going, each followed by the next. */
export async function inTurns(
  { together, seconds }: { readonly together: number; readonly seconds: number },
  attempt: Attempt,
): Promise<Loaded> {
  const sum = tally();
  const until = performance.now() + seconds * 1000;
  const one = async (): Promise<void> => {
    while (performance.now() < until) sum.add(await attempt());
  };
  await Promise.all(Array.from({ length: together }, one));
  return sum.loaded();
}
