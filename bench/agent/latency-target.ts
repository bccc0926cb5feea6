import { quantile } from '../statistics.ts';

/** Many measurements of one thing, in ms, and whether they are as promised. */
export interface LatencyResult {
  readonly samples: readonly number[];
  readonly median: number;
  readonly p99: number;
  readonly longest: number;
  readonly promise: { readonly medianMs: number; readonly p99Ms: number };
  readonly met: boolean;
}

/** Holds measurements against a target; without any the target is missed. */
export function judgeLatency(samples: readonly number[], promise: LatencyResult['promise']): LatencyResult {
  const ascending = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => quantile(ascending, share) ?? Number.POSITIVE_INFINITY;
  const [median, p99, longest] = [at(0.5), at(0.99), at(1)];
  return {
    ...{ samples: ascending, median, p99, longest, promise },
    met: median < promise.medianMs && p99 < promise.p99Ms,
  };
}
