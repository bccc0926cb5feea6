import { between, randomFrom, shuffled } from './random.ts';

/** What the schedule has to know of a disturbance. */
export interface Kind {
  readonly name: string;
  /** How long the harm lasts, in milliseconds, from and to; undefined where it is done at once. */
  readonly lasts?: readonly [from: number, to: number];
  /** Only while the policy says `guard: drop`. */
  readonly onlyWhenDropping?: boolean;
}

/** One disturbance that is due. */
export interface Step {
  readonly name: string;
  /** The round that it belongs to, from 0. */
  readonly round: number;
  /** Milliseconds after the step before it. */
  readonly after: number;
  /** Milliseconds that the harm lasts; 0 where it is done at once. */
  readonly lasts: number;
  /** A number for whatever else the disturbance chooses. */
  readonly pick: number;
}

/** The guard's mode in a round: rounds take turns. */
export const guardIn = (round: number): 'count' | 'drop' => (round % 2 === 0 ? 'count' : 'drop');

/**
 * Rounds without end; in each every disturbance comes once, in another order, so that any two rounds have seen all there is:
 * rounds 0, 2, ... belong to `guard: count`, 1, 3, ... to `guard: drop`. Equal seeds give equal steps.
 */
export function* schedule(seed: number, kinds: readonly Kind[], paceMs: readonly [number, number]): Generator<Step> {
  const random = randomFrom(seed);
  for (let round = 0; ; round += 1) {
    const due = kinds.filter(({ onlyWhenDropping }) => !onlyWhenDropping || guardIn(round) === 'drop');
    for (const { name, lasts } of shuffled(due, random)) {
      const after = Math.round(between(random, ...paceMs));
      yield {
        ...{ name, round, after },
        lasts: lasts ? Math.round(between(random, ...lasts)) : 0,
        pick: Math.floor(random() * 1_000_000),
      };
    }
  }
}
