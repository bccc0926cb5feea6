import type { LoadTally } from '../../src/lab/load.ts';
import type { Stray } from '../../src/lab/stray-log.ts';
import type { Cut } from './judge.ts';
import type { Harm } from './tools.ts';

/** How often a disturbance was done, and how often it could not be. */
export interface Done {
  done: number;
  impossible: number;
}

/** What happened so far, as it comes in. */
export interface Recording {
  readonly tallies: Map<string, LoadTally>;
  readonly harms: Harm[];
  readonly cuts: Cut[];
  readonly strays: Stray[];
  readonly disturbances: Map<string, Done>;
  /** Names and times of all disturbances, the latest last. */
  readonly latest: { readonly name: string; readonly at: number }[];
  opened: number;
}

/** A recording of nothing yet. */
export function newRecording(): Recording {
  return { tallies: new Map(), harms: [], cuts: [], strays: [], disturbances: new Map(), latest: [], opened: 0 };
}

/** Adds what a load generator reported, by kind of connection. */
export function addTallies(recording: Recording, tallies: Readonly<Record<string, LoadTally>>): void {
  for (const [name, { answered, silent, failed }] of Object.entries(tallies)) {
    const own = recording.tallies.get(name) ?? { answered: 0, silent: 0, failed: {} };
    own.answered += answered;
    own.silent += silent;
    for (const [error, count] of Object.entries(failed)) own.failed[error] = (own.failed[error] ?? 0) + count;
    recording.tallies.set(name, own);
  }
}

/** How many connections failed with an error. */
export const failedIn = ({ failed }: LoadTally): number => Object.values(failed).reduce((sum, count) => sum + count, 0);

/** How many connections have ended so far, whatever their outcome. */
export function tried(recording: Recording): number {
  return [...recording.tallies.values()].reduce(
    (sum, tally) => sum + tally.answered + tally.silent + failedIn(tally),
    0,
  );
}

/** Notes that a disturbance begins. */
export function begin(recording: Recording, name: string): void {
  recording.latest.push({ name, at: Date.now() });
}

/** Notes how a disturbance ended. */
export function end(recording: Recording, name: string, outcome: 'done' | 'impossible'): void {
  const own = recording.disturbances.get(name) ?? { done: 0, impossible: 0 };
  own[outcome] += 1;
  recording.disturbances.set(name, own);
}
