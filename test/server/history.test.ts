import { describe, expect, test } from 'vitest';
import type { AgentStatus } from '../../src/reconcile/agent-status.ts';
import { type History, leakedSince, NO_HISTORY, readHistory, withEvent, withStatus } from '../../src/server/history.ts';
import { historyKeeper } from '../../src/server/history-keeper.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const MINUTE = 60_000;
const totals = { confined: 0, leaked: 0, preexisting: 0, leftAlone: 0, unfollowed: 0, untranslated: 0, untracked: 0 };
const status = (leaked: number, confined: number, more: Partial<AgentStatus> = {}): AgentStatus => ({
  ...{ version: 1, pid: 1, process: null, pidNamespace: null, since: 0, state: 'inSync', stateSince: 0, until: null },
  ...{ lastSuccess: 1000, lastError: null, checkedAt: 1000, drift: [], looks: 1, healed: 0 },
  ...{ native: { given: 0, kept: [], folders: [] }, sources: [], counters: { ...totals, leaked, confined }, ...more },
});
const event = (at: number, message = 'the fence was put back') => ({
  ...{ at, event: 'fence-restored', level: 'warning', message },
});

describe('a history', () => {
  test('adds up what a minute holds, and counts from the first status on', () => {
    let history: History = NO_HISTORY;
    for (const [now, leaked, confined, full] of [
      [0, 5, 100, 0.1],
      [30_000, 7, 110, 0.5],
      [59_999, 7, 120, 0.2],
      [60_000, 8, 121, 0.25],
    ] as const)
      history = withStatus(history, { now, status: status(leaked, confined), full });
    expect(history.minutes).toEqual([
      [0, 2, 20, 500, 1],
      [1, 1, 1, 250, 1],
    ]);
  });

  test('a counter that was made anew and a fence that is away count nothing', () => {
    let history = withStatus(NO_HISTORY, { now: 0, status: status(5, 5), full: 0 });
    history = withStatus(history, { now: 1, status: status(1, 1, { state: 'restoring' }), full: 0 });
    history = withStatus(history, { now: 2, status: status(0, 0, { counters: null, state: 'failing' }), full: 0 });
    expect(history.minutes).toEqual([[0, 0, 0, 0, 0]]);
  });

  test('is a day long, whatever happens', () => {
    let history: History = NO_HISTORY;
    for (let minute = 0; minute < 3000; minute += 1) {
      history = withStatus(history, { now: minute * MINUTE, status: status(minute, minute), full: 0 });
      history = withEvent(history, event(minute * MINUTE, 'long '.repeat(1000)));
    }
    expect(history.minutes).toHaveLength(1440);
    expect(history.minutes.at(-1)?.[0]).toBe(2999);
    expect(history.events).toHaveLength(500);
    expect(JSON.stringify(history).length).toBeLessThan(300_000);
    expect(withEvent(history, event(6000 * MINUTE)).minutes).toEqual([]);
  });

  test('is what was written, and nothing where that is damaged or of another version', () => {
    const history = withEvent(withStatus(NO_HISTORY, { now: 0, status: status(1, 1), full: 1 }), event(0));
    expect(readHistory(JSON.stringify(history), 1)).toEqual(history);
    for (const text of [undefined, '', '{', '[]', 'null', '{"version":2}', '{"version":1,"minutes":1,"events":[]}'])
      expect(readHistory(text, 1)).toEqual(NO_HISTORY);
    const odd = { version: 1, counters: 1, minutes: [[1], [0, 1, 2, 3, 'x']], events: [null, { at: 'x' }] };
    expect(readHistory(JSON.stringify(odd), 1)).toEqual(NO_HISTORY);
  });
});

describe('the keeper of a history', () => {
  const open = (files: Readonly<Record<string, string>> = {}) => {
    const said: string[] = [];
    const system = scriptedSystem({ env: { PORTFENCE_STATE_DIR: '/run/portfence' }, files });
    return { system, said, keeper: historyKeeper(system, (line) => said.push(line)) };
  };

  test('goes on where an agent before it ended, also with what happened before the first status', async () => {
    const first = open();
    await first.keeper.status(status(1, 1), 0.5);
    first.keeper.happened({ event: 'leak-begins', level: 'error', message: 'one' });
    await first.keeper.close();
    const file = first.system.files.get('/run/portfence/history.json') ?? '';
    const second = open({ '/run/portfence/history.json': file });
    second.keeper.happened({ event: 'fence-restored', level: 'warning', message: 'two' });
    await second.keeper.status(status(4, 1), 0);
    expect(second.keeper.current().events.map(({ message }) => message)).toEqual(['one', 'two']);
    expect(second.keeper.current().minutes.map(([, leaked]) => leaked)).toEqual([3]);
  });

  test('writes every five minutes, and with the first status after something happened', async () => {
    const { system, keeper } = open();
    const writes = () => system.calls.written.filter(({ path }) => path.endsWith('history.json')).length;
    await keeper.status(status(1, 1), 0);
    await system.sleep(299_000);
    await keeper.status(status(1, 1), 0);
    expect(writes()).toBe(0);
    await system.sleep(1000);
    await keeper.status(status(1, 1), 0);
    expect(writes()).toBe(1);
    keeper.happened({ event: 'leak-begins', level: 'error', message: 'one' });
    await keeper.status(status(1, 1), 0);
    expect(writes()).toBe(2);
  });
});

test('leaks of the last hour are those of its minutes; where the history is younger, all that were ever counted', () => {
  const history: History = {
    ...NO_HISTORY,
    minutes: [
      [0, 50, 0, 0, 1],
      [60, 2, 0, 0, 1],
      [90, 3, 0, 0, 1],
    ],
  };
  expect(leakedSince(history, 60 * MINUTE, 99)).toBe(5);
  expect(leakedSince(history, 61 * MINUTE, 99)).toBe(3);
  expect(leakedSince({ ...history, minutes: history.minutes.slice(1) }, 59 * MINUTE, 99)).toBe(99);
  expect(leakedSince(NO_HISTORY, 0, 7)).toBe(7);
});
