/** Many measurements of the same thing, summed up; in the unit of the samples. */
export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Throws RangeError where there is nothing to sum up. */
export function summarize(samples: readonly number[]): Summary {
  const sorted = [...samples].sort((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new RangeError('no samples');
  return { count: sorted.length, median: middle(sorted), min, max };
}

/** Of an even number, the mean of the two in the middle. */
function middle(sorted: readonly number[]): number {
  const half = sorted.length / 2;
  const pair = sorted.slice(Math.ceil(half) - 1, Math.floor(half) + 1);
  return pair.reduce((sum, sample) => sum + sample, 0) / pair.length;
}

/** The value below which this share (0 to 1) of the ascending samples lies; undefined where there are none. */
export function quantile(ascending: readonly number[], share: number): number | undefined {
  return ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))];
}
