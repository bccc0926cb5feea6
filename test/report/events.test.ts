import { describe, expect, test } from 'vitest';
import { agentLog } from '../../src/cli/agent-log.ts';
import type { AgentStatus } from '../../src/reconcile/agent-status.ts';
import { fillings, happenings, journalFields } from '../../src/report/events.ts';
import { flowState } from '../flows/states.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const totals = { confined: 9, leaked: 0, preexisting: 0, leftAlone: 0, unfollowed: 0, untranslated: 0, untracked: 0 };
const STATUS: AgentStatus = {
  ...{ version: 1, pid: 1, process: null, pidNamespace: null, since: 0, state: 'inSync', stateSince: 0, until: null },
  ...{ lastSuccess: 1000, lastError: null, checkedAt: 1000, drift: [], counters: totals, looks: 1, healed: 1 },
  ...{ native: { given: 0, kept: [], folders: [] }, sources: [] },
};
const names = (after: Partial<AgentStatus>, before: Partial<AgentStatus> = {}) =>
  happenings({ ...STATUS, ...before }, { ...STATUS, ...after }).map(({ event, level }) => `${event} ${level}`);

describe('what happened between two statuses', () => {
  test('is nothing where nothing changed, or the agent has just begun', () => {
    expect(names({})).toEqual([]);
    expect(names({ healed: 1 }, { state: 'starting', healed: 0, counters: null })).toEqual([]);
  });

  test('is a leak, a restoration with its reason, a failure and its end', () => {
    expect(names({ counters: { ...totals, leaked: 2 } })).toEqual(['leak-begins error']);
    const restored = happenings({ ...STATUS, drift: ['the table is gone'] }, { ...STATUS, healed: 2 });
    expect(restored[0]).toMatchObject({
      event: 'fence-restored',
      message: 'the fence was put back: the table is gone',
    });
    expect(names({ state: 'failing', lastError: { message: 'no nft', since: 1 } })).toEqual(['agent-fails error']);
    expect(names({}, { state: 'failing' })).toEqual(['agent-recovers notice']);
  });

  test('is a container whose range the kernel refused, and a source that went down, once', () => {
    const kept = [{ path: '/run/netns/a', container: 'web', settings: {}, refused: true as const }];
    const sources = [{ name: 'nft', health: 'down' as const, since: 1, failures: 1, retryAt: 2 }];
    const native = { given: 0, kept, folders: [] };
    expect(names({ native, sources })).toEqual(['native-missed warning', 'source-down warning']);
    expect(names({ native, sources }, { native, sources })).toEqual([]);
  });
});

test('a destination that fills is told at half and at 80 %, once each', () => {
  const at = (inUse: number, fillingSince: number | null) =>
    flowState(1).destinations.map((row) => ({ ...row, available: 100, inUse, fillingSince }));
  const events = (...[before, after]: ReturnType<typeof at>[]) =>
    fillings(before ?? [], after ?? []).map(({ event }) => event);
  expect(events(at(40, null), at(50, 1))).toEqual(['range-filling']);
  expect(events(at(50, 1), at(60, 1))).toEqual([]);
  expect(events(at(60, 1), at(80, 1))).toEqual(['range-nearly-full']);
});

const leak = { ...STATUS, counters: { ...totals, leaked: 2 } };

test('an event in the journal has its priority and its fields', async () => {
  const system = scriptedSystem({ env: { JOURNAL_STREAM: '8:1' }, commands: { 'logger --journald': '' } });
  const { subscriber } = agentLog(system, 'auto', {
    write: () => expect.fail('the journal has it'),
    remember: () => {},
  });
  await subscriber.publish(STATUS);
  await subscriber.publish(leak);
  const [happened] = happenings(STATUS, leak);
  expect(system.calls.run[0]?.input).toBe(happened && journalFields(happened));
  expect(system.calls.run[0]?.input).toMatch(/PRIORITY=3\n.*PORTFENCE_EVENT=leak-begins\nPORTFENCE_LEAKED=2\n/s);
});

test('lines to the journal begin with their priority', () => {
  const lines: string[] = [];
  const { say } = agentLog(scriptedSystem({ env: { JOURNAL_STREAM: '8:1' } }), 'auto', {
    write: (line) => lines.push(line),
    remember: () => {},
  });
  say('mended: a rule');
  say('warning: a thing\nof two lines');
  expect(lines).toEqual(['<6>mended: a rule', '<4>warning: a thing\n<4>of two lines']);
});

test('--log json writes one document a line', async () => {
  const lines: string[] = [];
  const remembered: string[] = [];
  const { say, subscriber } = agentLog(scriptedSystem(), 'json', {
    write: (line) => lines.push(line),
    remember: ({ event }) => remembered.push(event),
  });
  say('hello');
  await subscriber.publish(STATUS);
  await subscriber.publish(leak);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 'info', message: 'hello' },
    { level: 'error', event: 'leak-begins', leaked: 2 },
  ]);
  expect(remembered).toEqual(['leak-begins']);
});
