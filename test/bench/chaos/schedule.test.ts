import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DISTURBANCES } from '../../../bench/chaos/disturbances.ts';
import { guardIn, type Step, schedule } from '../../../bench/chaos/schedule.ts';

const PACE = [300, 2500] as const;

function rounds(seed: number, count: number): readonly Step[] {
  const steps: Step[] = [];
  for (const step of schedule(seed, DISTURBANCES, PACE)) {
    if (step.round >= count) return steps;
    steps.push(step);
  }
  return steps;
}

test('a seed gives the same steps again, and another seed others', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      expect(rounds(seed, 4)).toEqual(rounds(seed, 4));
      expect(rounds(seed, 4)).not.toEqual(rounds(seed + 1, 4));
    }),
    { numRuns: 50 },
  );
});

test('every round has each disturbance once, and what needs a dropping guard only under one', () => {
  const all = DISTURBANCES.map(({ name }) => name).sort();
  const always = DISTURBANCES.filter(({ onlyWhenDropping }) => !onlyWhenDropping).map(({ name }) => name);
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const steps = rounds(seed, 4);
      for (const round of [0, 1, 2, 3]) {
        const names = steps.filter((step) => step.round === round).map(({ name }) => name);
        expect(names.sort()).toEqual(guardIn(round) === 'drop' ? all : [...always].sort());
      }
    }),
    { numRuns: 50 },
  );
});

test('waits and durations stay within their bounds', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      for (const { name, after, lasts } of rounds(seed, 2)) {
        const [from, to] = DISTURBANCES.find((one) => one.name === name)?.lasts ?? [0, 0];
        expect(after >= PACE[0] && after <= PACE[1] && lasts >= from && lasts <= to).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});
