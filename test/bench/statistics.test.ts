import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quantile, summarize } from '../../bench/statistics.ts';

test('sums up samples in any order', () => {
  expect(summarize([30, 10, 20])).toEqual({ count: 3, median: 20, min: 10, max: 30 });
  expect(summarize([4, 1, 3, 2])).toEqual({ count: 4, median: 2.5, min: 1, max: 4 });
  expect(summarize([7])).toEqual({ count: 1, median: 7, min: 7, max: 7 });
});

test('refuses to sum up nothing', () => {
  expect(() => summarize([])).toThrow(RangeError);
});

test('has as many samples below the median as above it, and leaves the samples as they are', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 50 }), (samples) => {
      const given = [...samples];
      const { median, min, max } = summarize(samples);
      expect(samples).toEqual(given);
      expect(samples.filter((sample) => sample < median).length).toBeLessThanOrEqual(samples.length / 2);
      expect(samples.filter((sample) => sample > median).length).toBeLessThanOrEqual(samples.length / 2);
      expect(min <= median && median <= max).toBe(true);
    }),
  );
});

test('a quantile is a sample below which that share of them lies', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  expect(quantile(hundred, 0.5)).toBe(51);
  expect(quantile(hundred, 0.99)).toBe(100);
  expect(quantile(hundred, 1)).toBe(100);
  expect(quantile([], 0.5)).toBeUndefined();
});
