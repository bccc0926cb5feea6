import { expect, test } from 'vitest';
import { destinationKey, follow, NO_TREND, type Trend } from '../../src/flows/occupancy.ts';
import type { DestinationRow } from '../../src/flows/rows.ts';

const row = (inUse: number): DestinationRow => ({
  ...{ protocol: 'tcp', address: '203.0.113.10', port: 443, leaving: '10.0.1.10', available: 1000, inUse },
  ...{ flows: inUse, opening: 0, open: inUse, closing: 0, outOfRange: 0, hanging: 0 },
});
const seen = (counts: readonly number[]) => {
  let trend: Trend = NO_TREND;
  for (const [i, inUse] of counts.entries())
    trend = follow(trend, { at: (i + 1) * 10_000, destinations: [row(inUse)] });
  return trend.destinations.get(destinationKey(row(0)));
};

test('steady growth gives the time until no port is left', () => {
  const { fullInS } = seen([100, 200, 300, 400, 500, 600]) ?? {};
  expect(fullInS).toBeGreaterThan(39); // 400 ports at 10 a second, the growth being smoothed.
  expect(fullInS).toBeLessThan(45);
});

test('what shrinks, stays, or is nearly empty has no such time', () => {
  expect(seen([500, 400])?.fullInS).toBeNull();
  expect(seen([500, 500])?.fullInS).toBeNull();
  expect(seen([10, 20])?.fullInS).toBeNull();
});

test('a destination fills from half on until it is clearly below', () => {
  expect(seen([400, 500])?.fillingSince).toBe(20_000);
  expect(seen([400, 500, 470, 480])?.fillingSince).toBe(20_000);
  expect(seen([400, 500, 440, 480])?.fillingSince).toBeNull();
});

test('a destination that is not seen any more is forgotten', () => {
  const trend = follow(follow(NO_TREND, { at: 1, destinations: [row(5)] }), { at: 2, destinations: [] });
  expect(trend.destinations.size).toBe(0);
});
