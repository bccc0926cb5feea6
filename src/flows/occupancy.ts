import type { FlowReport } from './flow-report.ts';
import type { DestinationRow } from './rows.ts';

/** A destination with what its past tells; times are ms since the epoch. */
export interface Occupancy extends DestinationRow {
  /** Ports that come into use each second, smoothed; negative where they become fewer. */
  readonly growth: number;
  /** Seconds until no port is left, should it go on like this; null where it does not grow, or is nearly empty. */
  readonly fullInS: number | null;
  /** Since when half of the ports or more are in use; null where they are not. */
  readonly fillingSince: number | null;
}

/** What one look left for the next one. */
export interface Trend {
  readonly at: number;
  readonly destinations: ReadonlyMap<string, Occupancy>;
}

export const NO_TREND: Trend = { at: 0, destinations: new Map() };

/** A destination counts as filling from here on, and until it is clearly below again. */
const FILLING = { from: 0.5, until: 0.45 } as const;
/** Below this share a growth means nothing yet. */
const WORTH_A_FORECAST = 0.1;
/** How much of the growth is that of the last pause. */
const NEWEST = 0.5;

/** The key of a destination in a trend. */
export const destinationKey = ({ protocol, address, port, leaving }: DestinationRow): string =>
  `${protocol} ${address} ${port} ${leaving}`;

/** Goes on with a trend; destinations that are no longer among the fullest are forgotten. Pure. */
export function follow(before: Trend, { at, destinations }: Pick<FlowReport, 'at' | 'destinations'>): Trend {
  const seconds = (at - before.at) / 1000;
  const next = destinations.map((row): [string, Occupancy] => {
    const key = destinationKey(row);
    const old = before.destinations.get(key);
    const newest = old && seconds > 0 ? (row.inUse - old.inUse) / seconds : 0;
    const growth = old ? old.growth * (1 - NEWEST) + newest * NEWEST : 0;
    const share = row.available === 0 ? 0 : row.inUse / row.available;
    const isFilling = share >= (old?.fillingSince ? FILLING.until : FILLING.from);
    const left = Math.max(0, row.available - row.inUse);
    return [
      key,
      {
        ...row,
        growth,
        fullInS: growth > 0 && share >= WORTH_A_FORECAST ? Math.round(left / growth) : null,
        fillingSince: isFilling ? (old?.fillingSince ?? at) : null,
      },
    ];
  });
  return { at, destinations: new Map(next) };
}
