import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PortfenceError } from '../errors.ts';
import { orFileError, spawnError } from './errno.ts';
import { endOf, spawnOrFail, toolEnvironment } from './spawn.ts';
import { makeFolder } from './write-file.ts';

const HELD_BY_ANOTHER = 75;

export interface Lock {
  release(): Promise<void>;
}

/**
 * Takes the lock by flock(1), which runs cat(1) while it holds it: the lock lasts as long as our end of the pipe, so the
 * kernel gives it back however we die. Undefined where another holds it for longer than `waitMs`. Throws SYSTEM, TOOL_MISSING.
 */
export async function lock(path: string, waitMs: number): Promise<Lock | undefined> {
  const deadline = Date.now() + waitMs;
  for (;;) {
    await makeFolder(dirname(path), 0o700);
    await makeLockFile(path);
    const held = await take(path, Math.max(0, deadline - Date.now()));
    if (!held || (await isStillTheFile(path, held.child))) return held;
    // The holder before us has removed the file: others lock another one now.
    await held.release();
  }
}

/** A process that can open the file can hold the lock: only its owner may. flock(1) would make it readable for all. */
async function makeLockFile(path: string): Promise<void> {
  const file = await orFileError(open(path, constants.O_RDONLY | constants.O_CREAT, 0o600), 'lock', path);
  await file.close();
}

async function isStillTheFile(path: string, child: ChildProcess): Promise<boolean> {
  try {
    const [named, locked] = await Promise.all([stat(path), stat(`/proc/${child.pid}/fd/3`)]);
    return named.ino === locked.ino && named.dev === locked.dev;
  } catch {
    return false;
  }
}

function take(path: string, waitMs: number): Promise<(Lock & { child: ChildProcess }) | undefined> {
  const seconds = (waitMs / 1000).toFixed(2);
  const child = spawnOrFail(
    'flock',
    ['--wait', seconds, '--conflict-exit-code', String(HELD_BY_ANOTHER), path, 'cat'],
    {
      env: toolEnvironment(),
      stdio: 'pipe',
      detached: true, // Ctrl-C goes to the whole foreground group; the lock must outlast our own cleaning up.
    },
  );
  if (child instanceof Error) return Promise.reject(noFlock(child));
  const ended = endOf(child);
  const release = async (): Promise<void> => {
    child.stdin?.end();
    await ended;
  };
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    words += chunk.toString('utf8');
  });
  child.stdin?.on('error', () => {});
  child.stdin?.write('.');
  return new Promise((resolve, reject) => {
    child.stdout?.once('data', () => resolve({ release, child })); // The echo is the sign that it is ours.
    child.on('error', (cause) => reject(noFlock(cause)));
    child.on('exit', (code) => {
      if (code === HELD_BY_ANOTHER) resolve(undefined);
      else if (code !== 0)
        reject(new PortfenceError('SYSTEM', `can't lock ${path}: ${words.trim() || `flock ended with ${code}`}`));
    });
  });
}

function noFlock(cause: Error): PortfenceError {
  const error = spawnError(cause, 'flock');
  if (error.code !== 'TOOL_MISSING') return error;
  return new PortfenceError('TOOL_MISSING', error.message, { hint: 'install the package util-linux', cause });
}
