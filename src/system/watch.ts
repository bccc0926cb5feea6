import { type FSWatcher, lstatSync, readdirSync, watch } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import { errnoOf, fileError } from './errno.ts';
import type { Watch, WatchOptions } from './system.ts';
import { type Walk, walkPath } from './walk-path.ts';

/** Milliseconds between two looks where inotify can't be used. */
const POLL_MS = 2000;
/** How often in a row a path may change while it is being watched anew, before it is polled. */
const MOST_ATTEMPTS = 10;

/** See `Watches.watchFolder`. */
export function watchFolder(path: string, onName: (name: string) => void, options: WatchOptions = {}): Watch {
  return watchPath(path, { ...options, contents: true, onName });
}

/** See `Watches.watchFile`. Only folders are ever opened: a pipe under the name blocks nothing. */
export function watchFile(path: string, onChange: () => void, options: WatchOptions = {}): Watch {
  return watchPath(path, { ...options, contents: false, onName: onChange });
}

interface PathWatch extends WatchOptions {
  /** Whether the names in the folder at the end of the path are reported. */
  readonly contents: boolean;
  /** Called with '' where the path itself may lead to something else, or to another text. */
  readonly onName: (name: string) => void;
}

/**
 * Watches every folder that the kernel looks into on the way along the path, so that no link, folder or file on it can change
 * unseen. Where inotify is exhausted it polls, and goes back to inotify when that works again.
 */
function watchPath(given: string, { contents, onName, onPolling }: PathWatch): Watch {
  const path = resolve(given); // A later change of the working folder changes nothing.
  let watchers: readonly FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let warned = false;
  const stop = (): void => {
    for (const watcher of watchers) watcher.close();
    watchers = [];
    clearTimeout(timer);
  };
  const start = (attempt = 0): void => {
    stop();
    if (closed) return;
    const walk = walkOf(path);
    const opened = openWatchers(walk, { path, contents, onName, restart });
    if (Array.isArray(opened)) {
      watchers = opened;
      if (isSameWay(walkOf(path), walk)) return;
    }
    const reason = errnoOf(opened);
    const isGone = Array.isArray(opened) || reason === 'ENOENT' || reason === 'ENOTDIR';
    if (isGone && attempt < MOST_ATTEMPTS) start(attempt + 1);
    else poll(opened);
  };
  /** What is watched may be another now. The new watch comes before the call, so that no change falls in between. */
  const restart = (): void => {
    start();
    if (!closed) onName('');
  };
  const poll = (reason: unknown): void => {
    stop();
    if (!warned) onPolling?.(pollingReason(reason, path));
    warned = true;
    const before = snapshot(path, contents);
    timer = setTimeout(() => {
      start();
      for (const name of differences(before, snapshot(path, contents))) if (!closed) onName(name);
    }, POLL_MS);
  };
  start();
  queueMicrotask(() => {
    if (!closed && (!contents || walkOf(path).exists)) onName('');
  });
  return {
    close: () => {
      closed = true;
      stop();
    },
  };
}

/** The way along the path; a circle of links leads nowhere until one of them is set anew. */
function walkOf(path: string): Walk {
  try {
    return walkPath(path);
  } catch {
    return { steps: [], end: path, exists: false };
  }
}

const isSameWay = (one: Walk, other: Walk): boolean => JSON.stringify(one) === JSON.stringify(other);

interface Opening {
  readonly path: string;
  readonly contents: boolean;
  readonly onName: (name: string) => void;
  readonly restart: () => void;
}

/** Watches from the root on, so that a change after a folder's watch stands is reported. Gives the error where one fails. */
function openWatchers(walk: Walk, opening: Opening): FSWatcher[] | Error {
  const namesIn = new Map<string, Set<string>>();
  for (const { folder, name } of walk.steps) namesIn.set(folder, (namesIn.get(folder) ?? new Set()).add(name));
  if (opening.contents && walk.exists && !namesIn.has(walk.end)) namesIn.set(walk.end, new Set());
  const opened: FSWatcher[] = [];
  try {
    for (const [folder, names] of namesIn)
      opened.push(watch(folder, listener(walk, { ...opening, folder, names })).on('error', opening.restart));
    return opened;
  } catch (error) {
    for (const watcher of opened) watcher.close();
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** An event with the folder's own name is about the folder itself, or about a file in it that is called the same. */
function listener(
  walk: Walk,
  { path, contents, onName, restart, folder, names }: Opening & { folder: string; names: ReadonlySet<string> },
): (event: string, name: string | null) => void {
  const last = walk.steps.at(-1);
  return (_, name) => {
    const isFile = !contents && name !== basename(folder) && folder === last?.folder && name === last.name;
    if (isFile && isSameWay(walkOf(path), walk)) onName('');
    else if (name === null || name === basename(folder) || names.has(name)) restart();
    if (contents && folder === walk.end && name !== null) onName(name);
  };
}

/** What a look sees: each name in the folder, and under '' the way along the path, with what tells one version from another. */
function snapshot(path: string, contents: boolean): ReadonlyMap<string, string> {
  const { steps, end, exists } = walkOf(path);
  const way = steps.map(({ folder, name }) => `${join(folder, name)} ${inode(join(folder, name))}`);
  const seen = new Map([['', [...way, contents ? '' : version(end)].join('\n')]]);
  if (contents && exists) for (const name of namesOf(end)) seen.set(name, version(join(end, name)));
  return seen;
}

const differences = (one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): readonly string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter((name) => one.get(name) !== other.get(name));

function namesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const inode = (path: string): string => String(lstatSync(path, { throwIfNoEntry: false })?.ino);

function version(path: string): string {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats ? [stats.ino, stats.size, stats.mtimeMs, stats.ctimeMs].join(' ') : '';
}

/** What inotify(7) says where a limit of the user is reached. */
const EXHAUSTED: Readonly<Record<string, string>> = {
  EMFILE: 'every inotify instance of this user is in use',
  ENOSPC: 'every inotify watch of this user is in use',
};

function pollingReason(cause: unknown, path: string): PortfenceError {
  const { message, errno } = fileError(cause, 'watch', path);
  const exhausted = EXHAUSTED[errno ?? ''];
  const words = exhausted === undefined ? message : `can't watch ${scrub(path)}: ${exhausted}`;
  return new PortfenceError('SYSTEM', `${words}; looking every ${POLL_MS / 1000} s instead`, {
    ...{ cause, path, hint: 'raise the limits: sysctl fs.inotify.max_user_instances fs.inotify.max_user_watches' },
    ...(errno === undefined ? {} : { errno }),
  });
}
