import { expect, test, vi } from 'vitest';
import { pauseAfter, runSource } from '../../src/agent/sources/run.ts';
import type { EventSource, OpenSource } from '../../src/agent/sources/source.ts';
import { agentSources } from '../../src/agent/sources/table.ts';
import type { SourceStatus } from '../../src/reconcile/agent-status.ts';
import { type ScriptedSystem, scriptedSystem } from '../support/scripted-system.ts';

const BACK_OFF = { first: 1000, longest: 30_000 };

/** A source that lives for so many milliseconds each time; it is closed when its time is over. */
function flapping(system: ScriptedSystem, { lives, until }: { lives: number; until: number }) {
  const opened: number[] = [];
  const health: SourceStatus[] = [];
  let looks = 0;
  const began = system.now();
  const source: EventSource = {
    name: 'flapping',
    backOff: BACK_OFF,
    open: async (): Promise<OpenSource> => {
      opened.push(system.now() - began);
      return { ended: lives === 0 ? Promise.resolve() : system.sleep(lives), stop: async () => {} };
    },
  };
  const changed = (): void => {
    looks += 1;
  };
  const listener = { changed, lost: () => {}, policy: () => {} };
  const running = runSource(system, { source, listener, onHealth: (status) => void health.push(status) });
  const done = vi.waitFor(() => {
    expect(system.now() - began).toBeGreaterThan(until);
    void running.close();
  });
  return done.then(() => ({ opened: opened.filter((at) => at <= until), health, looks }));
}

/** Sleeping gives other work its turn, so that a loop that never ends can be closed. */
function patient(): ScriptedSystem {
  const system = scriptedSystem();
  return {
    ...system,
    sleep: async (ms, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (!signal?.aborted) await system.sleep(ms);
    },
  };
}

test('a source that ends at once is opened less and less often, and asks for no look', async () => {
  const { opened, health, looks } = await flapping(patient(), { lives: 0, until: 120_000 });
  expect(opened.length).toBeLessThanOrEqual(8);
  expect(looks).toBe(0);
  expect(health.at(-1)).toMatchObject({ name: 'flapping', health: 'down' });
});

test.each([
  [1, 1000],
  [2, 2000],
  [5, 16_000],
  [6, 30_000],
  [5000, 30_000],
])('after %i failures in a row the pause is %i ms', (failures, ms) => {
  expect(pauseAfter(failures, BACK_OFF)).toBe(ms);
});

test('a source that was announced is opened at once, and what it did not report is looked for', async () => {
  let isThere = false;
  let wake = (): void => {};
  const states: string[] = [];
  const source: EventSource = {
    name: 'engine',
    backOff: BACK_OFF,
    open: async () => (isThere ? { ended: new Promise(() => {}), stop: async () => {} } : 'absent'),
    announce: (announced) => {
      wake = announced;
      return { close: () => {} };
    },
  };
  const changed = vi.fn();
  const system = scriptedSystem();
  const sleep: typeof system.sleep = (ms, signal) =>
    ms < 1000 ? Promise.resolve() : new Promise((resolve) => signal?.addEventListener('abort', () => resolve()));
  const running = runSource(
    { ...system, sleep },
    {
      source,
      listener: { changed, lost: () => {}, policy: () => {} },
      onHealth: ({ health }) => void states.push(health),
    },
  );
  await vi.waitFor(() => expect(states).toEqual(['opening', 'absent']));
  isThere = true;
  wake();
  await vi.waitFor(() => expect(states).toEqual(['opening', 'absent', 'up']));
  expect(changed).toHaveBeenCalledTimes(1);
  void running;
});

test('an engine is asked for those events alone that change a plan', async () => {
  const system = scriptedSystem({ files: { '/run/docker.sock': '' }, sockets: { '/run/docker.sock /version': {} } });
  const [source] = agentSources(system, { sockets: ['/run/docker.sock'], onPolling: () => {} }).slice(-1);
  await source?.open({ changed: () => {}, lost: () => {}, policy: () => {} });
  const [feed = ''] = [...system.feeds.keys()].filter((name) => name.includes('/events'));
  const filters = JSON.parse(decodeURIComponent(feed.split('filters=')[1] ?? ''));
  expect(filters.type).toEqual(['network', 'container']);
  expect(filters.event).toEqual(expect.arrayContaining(['create', 'connect', 'disconnect', 'destroy', 'start', 'die']));
  expect(filters.event.join(' ')).not.toMatch(/exec|health/);
});

test('an engine that only systemd listens for is asleep: nothing connects, until a process of its own listens', async () => {
  const files = {
    '/run/docker.sock': '',
    '/proc/net/unix': 'x: 00000002 00000000 00010000 0001 01 4711 /run/docker.sock',
    '/proc/1/comm': 'systemd\n',
  };
  const listens = { '/proc/1/fd/7': 'socket:[4711]' };
  const sockets = { '/run/docker.sock /version': {} };
  const opened = async (links: Record<string, string>) => {
    const system = scriptedSystem({ files, links, sockets });
    const [source] = agentSources(system, { sockets: ['/run/docker.sock'], onPolling: () => {} }).slice(-1);
    const state = await source?.open({ changed: () => {}, lost: () => {}, policy: () => {} });
    return { state, feeds: [...system.feeds.keys()].filter((name) => name.includes('/events')) };
  };
  expect(await opened(listens)).toEqual({ state: 'asleep', feeds: [] });
  const awake = await opened({ ...listens, '/proc/90/fd/3': 'socket:[4711]' });
  expect([typeof awake.state, awake.feeds.length]).toEqual(['object', 1]);
});
