import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PortfenceError } from '../errors.ts';
import { toolEnvironment } from './run.ts';

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
    // Only its owner may open the file: whoever can open it can hold it.
    await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      throw new PortfenceError('SYSTEM', `can't make ${dirname(path)}: ${String(cause)}`, { cause });
    });
    const held = await take(path, Math.max(0, deadline - Date.now()));
    if (!held || (await isStillTheFile(path, held.child))) return held;
    // Whoever had it has removed the file: the one that others lock now is another.
    await held.release();
  }
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
  const child = spawn('flock', ['--wait', seconds, '--conflict-exit-code', String(HELD_BY_ANOTHER), path, 'cat'], {
    env: toolEnvironment(),
    stdio: 'pipe',
    detached: true, // Ctrl-C goes to the whole foreground group; the lock must outlast our own cleaning up.
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const release = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words += chunk.toString('utf8');
  });
  child.stdin.on('error', () => {});
  child.stdin.write('.');
  return new Promise((resolve, reject) => {
    child.stdout.once('data', () => resolve({ release, child })); // The echo is the sign that it is ours.
    child.on('error', (cause) =>
      reject(new PortfenceError('TOOL_MISSING', 'flock is missing', { hint: 'install the package util-linux', cause })),
    );
    child.on('exit', (code) => {
      if (code === HELD_BY_ANOTHER) resolve(undefined);
      else if (code !== 0)
        reject(new PortfenceError('SYSTEM', `can't lock ${path}: ${words.trim() || `flock ended with ${code}`}`));
    });
  });
}
