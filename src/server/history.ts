import type { AgentStatus } from '../reconcile/agent-status.ts';

/**
 * What one minute was like: its number since the epoch, packets that leaked and that were mapped in it, the largest share of
 * the ports in use towards one destination (0 to 1000), and whether the kernel was as planned at its end.
 */
export type Minute = readonly [minute: number, leaked: number, confined: number, full: number, inSync: 0 | 1];

/** Something that happened; `at` is milliseconds since the epoch. */
export interface RememberedEvent {
  readonly at: number;
  readonly event: string;
  readonly level: string;
  readonly message: string;
}

/** The last 24 hours, the oldest first: minutes in which an agent ran, and what happened in them. */
export interface History {
  readonly version: 1;
  /** The counters at the last status, from which the next minute counts. */
  readonly counters: { readonly leaked: number; readonly confined: number } | null;
  readonly minutes: readonly Minute[];
  readonly events: readonly RememberedEvent[];
}

export const NO_HISTORY: History = { version: 1, counters: null, minutes: [], events: [] };

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const MOST_EVENTS = 500;
const LONGEST_MESSAGE = 300;

/** Goes on with a status; `full` is the largest share of the ports in use towards one destination, from 0 to 1. Pure. */
export function withStatus(
  history: History,
  { now, status, full }: { readonly now: number; readonly status: AgentStatus; readonly full: number },
): History {
  const { counters } = status;
  const since = (name: 'leaked' | 'confined'): number => {
    const [before, after] = [history.counters?.[name], counters?.[name]];
    if (after === undefined) return 0;
    // A counter that went back was made anew.
    return before === undefined || after < before ? 0 : after - before;
  };
  const minute = Math.floor(now / MINUTE_MS);
  const last = history.minutes.at(-1);
  const isSame = last?.[0] === minute;
  const [, leaked, confined, fullest] = isSame ? last : [minute, 0, 0, 0];
  const entry: Minute = [
    minute,
    leaked + since('leaked'),
    confined + since('confined'),
    Math.max(fullest, Math.round(full * 1000)),
    status.state === 'inSync' ? 1 : 0,
  ];
  const kept = isSame ? history.minutes.slice(0, -1) : history.minutes;
  return pruned(
    {
      ...history,
      counters: counters ? { leaked: counters.leaked, confined: counters.confined } : history.counters,
      minutes: [...kept, entry],
    },
    now,
  );
}

/** Goes on with something that happened. Pure. */
export function withEvent(history: History, event: RememberedEvent): History {
  const message = [...event.message].slice(0, LONGEST_MESSAGE).join('');
  return pruned({ ...history, events: [...history.events, { ...event, message }] }, event.at);
}

/**
 * Packets that leaked after a time (ms since the epoch), to the minute. Where the history does not reach so far back, all that were
 * ever counted: when they leaked is not known.
 */
export function leakedSince({ minutes }: History, since: number, ever: number): number {
  const first = Math.floor(since / MINUTE_MS);
  const [oldest] = minutes;
  if (!oldest || oldest[0] > first) return ever;
  return minutes.reduce((sum, [minute, leaked]) => sum + (minute >= first ? leaked : 0), 0);
}

/** What is older than a day goes, and what a clock that was set back has left in the future. */
function pruned(history: History, now: number): History {
  const [first, last] = [Math.floor((now - DAY_MS) / MINUTE_MS), Math.floor(now / MINUTE_MS)];
  return {
    ...history,
    minutes: history.minutes.filter(([minute]) => minute > first && minute <= last),
    events: history.events.filter(({ at }) => at > now - DAY_MS && at <= now).slice(-MOST_EVENTS),
  };
}

/** Reads what was written; anything else, of another version or damaged, is no history. */
export function readHistory(text: string | undefined, now: number): History {
  try {
    const { version, counters, minutes, events }: Partial<History> = JSON.parse(text ?? '');
    if (version !== 1 || !Array.isArray(minutes) || !Array.isArray(events)) return NO_HISTORY;
    const known = typeof counters?.leaked === 'number' && typeof counters.confined === 'number' ? counters : null;
    return pruned({ version, counters: known, minutes: minutes.filter(isMinute), events: events.filter(isEvent) }, now);
  } catch {
    return NO_HISTORY;
  }
}

const isMinute = (one: unknown): one is Minute =>
  Array.isArray(one) && one.length === 5 && one.every((value) => Number.isSafeInteger(value) && value >= 0);

function isEvent(one: unknown): one is RememberedEvent {
  if (typeof one !== 'object' || one === null) return false;
  const { at, event, level, message } = one as Partial<RememberedEvent>;
  return typeof at === 'number' && [event, level, message].every((text) => typeof text === 'string');
}
