import type { SourceHealth, SourceStatus } from '../../reconcile/agent-status.ts';
import type { System } from '../../system/system.ts';
import type { BackOff, EventSource, OpenSource, SourceListener } from './source.ts';

/** Milliseconds that a source has to live before it counts as up, and before its back-off begins anew. */
const UP_MS = 500;
const HEALTHY_MS = 60_000;
/** Milliseconds between two questions whether an engine runs by now that other events suggest. */
const NUDGE_MS = 2000;

/** The pause before a source is opened again that has failed so many times in a row (ms). */
export function pauseAfter(failures: number, { first, longest }: BackOff): number {
  return Math.min(longest, first * 2 ** Math.min(30, Math.max(0, failures - 1)));
}

/** A source that is kept open. */
export interface RunningSource {
  /** Something happened on this host: what would have been started by a connection may run by now. */
  nudge(): void;
  close(): Promise<void>;
}

export interface SourceOptions {
  readonly source: EventSource;
  readonly listener: SourceListener;
  readonly onHealth: (status: SourceStatus) => void;
}

/** One source, from one opening to the next. */
interface Run extends SourceOptions {
  readonly system: System;
  closed: boolean;
  open: OpenSource | undefined;
  /** How often it was opened, or found closed. */
  attempts: number;
  /** How often in a row it ended soon. */
  failures: number;
  /** Ends the pause that goes on. */
  waiting: AbortController;
  /** The next pause is left out. */
  woken: boolean;
  last: SourceStatus | undefined;
  openedAt: number;
}

/**
 * Keeps one source open until it is closed: what ends is opened again after a pause that doubles. What happened in between
 * was not reported, so that one look follows when the source is up again, and none for an attempt that fails.
 */
export function runSource(system: System, options: SourceOptions): RunningSource {
  const run: Run = {
    ...{ system, ...options, closed: false, open: undefined, attempts: 0, failures: 0 },
    ...{ waiting: new AbortController(), woken: false, last: undefined, openedAt: 0 },
  };
  const wake = (): void => {
    run.woken = true;
    run.waiting.abort();
  };
  const announced = options.source.announce?.(wake);
  const running = keepOpen(run);
  return {
    nudge: () => {
      if (run.last?.health === 'asleep' && system.now() - run.openedAt >= NUDGE_MS) wake();
    },
    close: async () => {
      run.closed = true;
      announced?.close();
      run.waiting.abort();
      await run.open?.stop();
      await running;
    },
  };
}

async function keepOpen(run: Run): Promise<void> {
  const { system, source, listener } = run;
  publish(run, 'opening');
  while (!run.closed) {
    run.openedAt = system.now();
    const opened = await source.open(listener).catch(() => undefined);
    if (run.closed) {
      if (typeof opened === 'object') await opened.stop();
      return;
    }
    run.attempts += 1;
    if (typeof opened === 'string') {
      run.failures = 0;
      publish(run, opened);
      await pause(run, source.backOff.longest);
      continue;
    }
    if (opened) await live(run, opened);
    else run.failures += 1;
    if (run.closed) return;
    const ms = pauseAfter(run.failures, source.backOff);
    publish(run, 'down', system.now() + ms);
    await pause(run, ms);
  }
}

/** From the opening of a source to its end. */
async function live(run: Run, opened: OpenSource): Promise<void> {
  const { system, listener } = run;
  run.open = opened;
  run.woken = false;
  const isFirst = run.attempts === 1;
  const cut = new AbortController();
  const isUp = await Promise.race([opened.ended.then(() => false), system.sleep(UP_MS, cut.signal).then(() => true)]);
  cut.abort();
  if (isUp) {
    publish(run, 'up');
    if (!isFirst) listener.changed();
  }
  await opened.ended;
  run.open = undefined;
  run.failures = system.now() - run.openedAt >= HEALTHY_MS ? 1 : run.failures + 1;
}

async function pause(run: Run, ms: number): Promise<void> {
  if (!run.woken && !run.closed) await run.system.sleep(ms, run.waiting.signal);
  run.woken = false;
  run.waiting = new AbortController();
}

function publish(run: Run, health: SourceHealth, retryAt: number | null = null): void {
  const { last, failures, source, system, onHealth } = run;
  if (last?.health === health && last.failures === failures && last.retryAt === retryAt) return;
  const since = last?.health === health ? last.since : system.now();
  run.last = { name: source.name, health, since, failures, retryAt };
  onHealth(run.last);
}

/** All sources, and those for files that the policy comes to name. */
export interface Sources {
  /** Watches these files of the policy, and no others any more. */
  follow(files: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Keeps every source of the table open, and one for each file that is to be followed. */
export function runSources(
  system: System,
  {
    table,
    fileSource,
    listener,
    onHealth,
    onClosed,
  }: {
    readonly table: readonly EventSource[];
    readonly fileSource: (path: string) => EventSource;
    readonly listener: SourceListener;
    readonly onHealth: (status: SourceStatus) => void;
    /** Called with the name of a source that is followed no more. */
    readonly onClosed: (name: string) => void;
  },
): Sources {
  const nudging: SourceListener = {
    ...listener,
    changed: () => {
      for (const one of running) one.nudge();
      listener.changed();
    },
  };
  const start = (source: EventSource): RunningSource => runSource(system, { source, listener: nudging, onHealth });
  const running: RunningSource[] = [];
  running.push(...table.map(start));
  const files = new Map<string, RunningSource>();
  return {
    follow: async (paths) => {
      const gone = [...files].filter(([path]) => !paths.includes(path));
      for (const path of paths) if (!files.has(path)) files.set(path, start(fileSource(path)));
      for (const [path] of gone) files.delete(path);
      await Promise.all(gone.map(([, one]) => one.close()));
      for (const [path] of gone) onClosed(fileSource(path).name);
    },
    close: async () => {
      await Promise.allSettled([...running, ...files.values()].map((one) => one.close()));
    },
  };
}
