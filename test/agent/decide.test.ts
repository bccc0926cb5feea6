import { expect, test } from 'vitest';
import { decide } from '../../src/agent/decide.ts';
import type { Wanted } from '../../src/reconcile/state.ts';
import { samplePolicy } from '../support/samples.ts';

const wanted: Wanted = { policy: samplePolicy, creation: [], settings: [], uplinks: [], appliedAt: 1 };
const other = { ...samplePolicy, guard: 'drop' as const };
const pending = { token: 't', deadline: 9, previous: null };
const removed = { at: 1 };
const draining = { since: 1, token: 't' };

test.each([
  ['a first start with nothing recorded', { order: 'start', recorded: { wanted: null } }, { do: 'apply' }],
  ['a start over another policy', { order: 'start', recorded: { wanted }, own: other }, { do: 'apply' }],
  ['a start after a recorded removal', { order: 'start', recorded: { wanted: null, removed } }, { do: 'stayRemoved' }],
  ['a start over a drain', { order: 'start', recorded: { wanted: null, draining } }, { do: 'apply' }],
  ['a new policy after a removal', { order: 'policy', recorded: { wanted: null, removed } }, { do: 'apply' }],
  ['a recorded removal', { recorded: { wanted: null, removed } }, { do: 'stayRemoved' }],
  ['a removal that drains', { recorded: { wanted: null, draining } }, { do: 'stayRemoved' }],
  ['a record that is gone', { recorded: { wanted: null }, own: samplePolicy }, { do: 'apply' }],
  ['the own policy', { recorded: { wanted }, own: samplePolicy }, { do: 'apply' }],
  ['another apply', { recorded: { wanted }, own: other }, { do: 'apply', takeOver: samplePolicy }],
  ['an unconfirmed apply', { recorded: { wanted, pending } }, { do: 'wait', policy: samplePolicy }],
  ['a start beside it', { order: 'start', recorded: { wanted, pending } }, { do: 'wait', policy: samplePolicy }],
] as const)('%s', (_, { recorded, ...rest }, decision) => {
  expect(decide({ order: undefined, own: undefined, ...rest, recorded })).toEqual(decision);
});
