import type { Family, Sample } from './exposition.ts';

/** A family of values that go up and down. */
export const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  ...{ name, type: 'gauge' as const, help, samples },
});
/** A gauge of one value, or of none where it is not known. */
export const one = (name: string, help: string, value: number | null | undefined): Family =>
  gauge(name, help, value === null || value === undefined ? [] : [{ value }]);
/** A counter of one value, or of none where it is not known. */
export const counter = (name: string, help: string, value: number | null | undefined): Family => ({
  ...{ name, type: 'counter' as const, help },
  samples: value === null || value === undefined ? [] : [{ value }],
});
