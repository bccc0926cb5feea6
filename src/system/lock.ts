import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PortfenceError } from '../errors.ts';
import { toolEnvironment } from './run.ts';

const HELD_BY_ANOTHER = 75;

/**
 * Takes the lock by flock(1), which runs cat(1) while it holds it: the lock lasts as long as our end of the pipe, so the
 * kernel gives it back however we die. An echoed byte is the sign that it is ours.
 */
export async function lock(path: string, waitMs: number): Promise<{ release(): Promise<void> } | undefined> {
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  const seconds = (waitMs / 1000).toFixed(2);
  const child = spawn('flock', ['--wait', seconds, '--conflict-exit-code', String(HELD_BY_ANOTHER), path, 'cat'], {
    env: toolEnvironment(),
    stdio: 'pipe',
    detached: true, // Ctrl-C goes to the whole foreground group; the lock must outlast our own cleaning up.
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words += chunk.toString('utf8');
  });
  child.stdin.on('error', () => {});
  child.stdin.write('.');
  return new Promise((resolve, reject) => {
    child.stdout.once('data', () =>
      resolve({
        release: async () => {
          child.stdin.end();
          await ended;
        },
      }),
    );
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
