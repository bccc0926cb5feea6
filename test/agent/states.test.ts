import { expect, test } from 'vitest';
import { type AgentEvent, nextState } from '../../src/agent/states.ts';
import type { AgentState } from '../../src/reconcile/agent-status.ts';

const STATES = {
  starting: { name: 'starting', since: 1 },
  inSync: { name: 'inSync', since: 1 },
  restoring: { name: 'restoring', since: 1 },
  pending: { name: 'pending', since: 1, until: 50 },
  removed: { name: 'removed', since: 1 },
  failing: { name: 'failing', since: 1, error: 'no nft' },
} as const satisfies Record<string, AgentState>;
const EVENTS = {
  readBack: { type: 'readBack' },
  disturbed: { type: 'disturbed' },
  unconfirmed: { type: 'unconfirmed', until: 99 },
  removed: { type: 'removed' },
  ordered: { type: 'ordered' },
  failed: { type: 'failed', error: 'refused' },
} as const satisfies Record<string, AgentEvent>;

/** Where each event leads from each state. */
const TABLE = {
  starting: ['inSync', 'starting', 'pending', 'removed', 'starting', 'failing'],
  inSync: ['inSync', 'restoring', 'pending', 'removed', 'inSync', 'failing'],
  restoring: ['inSync', 'restoring', 'pending', 'removed', 'restoring', 'failing'],
  pending: ['inSync', 'pending', 'pending', 'removed', 'pending', 'failing'],
  removed: ['inSync', 'removed', 'pending', 'removed', 'restoring', 'failing'],
  failing: ['inSync', 'failing', 'pending', 'removed', 'failing', 'failing'],
} as const;
const cases = Object.entries(TABLE).flatMap(([from, row]) =>
  Object.keys(EVENTS).map((event, i) => [from, event, row[i]] as const),
);

test.each(cases)('from %s, %s leads to %s', (from, event, to) => {
  const before = STATES[from as keyof typeof STATES];
  const after = nextState(before, EVENTS[event as keyof typeof EVENTS], 7);
  expect(after.name).toBe(to);
  expect(after.since).toBe(to === before.name ? 1 : 7);
});

test('a failure that goes on keeps its beginning and names the newest error', () => {
  expect(nextState(STATES.failing, EVENTS.failed, 7)).toEqual({ name: 'failing', since: 1, error: 'refused' });
  expect(nextState(STATES.pending, EVENTS.unconfirmed, 7)).toEqual({ name: 'pending', since: 1, until: 99 });
});
