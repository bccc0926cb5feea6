import { setTimeout as sleep } from 'node:timers/promises';
import { DISTURBANCES } from './disturbances.ts';
import type { Downloads } from './downloads.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { begin, end, type Recording } from './record.ts';
import { guardIn, type Step, schedule } from './schedule.ts';
import type { ChaosSetup } from './setup.ts';
import type { Tools } from './tools.ts';

interface Options {
  readonly setup: ChaosSetup;
  readonly recording: Recording;
  readonly downloads: Downloads;
  readonly seed: number;
  readonly paceMs: readonly [number, number];
  /** Whether enough connections were tried. */
  readonly enough: () => boolean;
  /** Reasons for which the run can't go on. */
  readonly problems: readonly string[];
  readonly signal: AbortSignal;
}

/** So many disturbances may be under way at once; the next one waits. */
const AT_ONCE = 4;
/** Rounds until every disturbance has come under `guard: count` and under `guard: drop`. */
const LEAST_ROUNDS = 2;

/**
 * Disturbs by the schedule until there were enough connections and rounds; settles when the last disturbance is over. Rejects at
 * once when the signal fires: what is under way then ends with its testbed.
 */
export function disturb(options: Options): Promise<void> {
  const interrupted = new Promise<never>((_, reject) => {
    options.signal.addEventListener('abort', () => reject(options.signal.reason), { once: true });
  });
  return Promise.race([disturbInTurn(options), interrupted]);
}

async function disturbInTurn(options: Options): Promise<void> {
  const { setup, recording, downloads, enough, problems, signal } = options;
  const alone = oneAtATime<'agent' | 'engine' | 'uplink'>();
  const shared = { dockerRules: true };
  const underWay = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const pause = async (ms: number): Promise<void> => {
    await sleep(ms, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  };
  let round = -1;
  const one = async (step: Step): Promise<void> => {
    const disturbance = DISTURBANCES.find(({ name }) => name === step.name);
    if (!disturbance) return;
    begin(recording, step.name);
    const usePolicy = (variant: number) => alone('agent', () => setup.usePolicy(variant, guardIn(step.round)));
    const tools: Tools = {
      ...{ setup, step, signal, pause, alone, shared, usePolicy },
      note: (harm) => recording.harms.push({ ...harm, name: step.name }),
      collect: async () => void recording.strays.push(...(await setup.strays.read())),
      download: downloads.on,
    };
    const impossible = await disturbance.run(tools);
    end(recording, step.name, impossible === undefined ? 'done' : 'impossible');
  };
  for (const step of schedule(options.seed, DISTURBANCES, options.paceMs)) {
    const isOver = step.round !== round && step.round >= LEAST_ROUNDS && enough();
    if (isOver || signal.aborted || failures.length > 0 || problems.length > 0) break;
    if (step.round !== round) {
      // What the old round began belongs to its guard.
      await Promise.all(underWay);
      round = step.round;
      await alone('agent', () => setup.usePolicy(0, guardIn(round)));
    }
    await pause(step.after);
    while (underWay.size >= AT_ONCE) await Promise.race(underWay);
    const running = one(step)
      .catch((error: unknown) => void failures.push(error))
      .finally(() => underWay.delete(running));
    underWay.add(running);
  }
  await Promise.all(underWay);
  if (failures.length > 0) throw failures[0];
}
