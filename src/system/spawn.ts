import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Administrators' tools live in sbin folders that a user's PATH may lack. English, so that messages can be recognised. */
export function toolEnvironment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const path = process.env['PATH'];
  return { ...process.env, PATH: path ? `${path}:${SYSTEM_PATH}` : SYSTEM_PATH, LC_ALL: 'C', ...extra };
}

/** Starts a process. Node throws some failures and reports others by `error`; the first kind is the value here. */
export function spawnOrFail(command: string, args: readonly string[], options: SpawnOptions): ChildProcess | Error {
  try {
    const child = spawn(command, args, options);
    child.on('error', () => {}); // A caller may listen for the end alone.
    return child;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Settles when the process has ended and its output is read, or when it could not be started. */
export function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.on('close', () => resolve());
    child.on('error', () => resolve());
  });
}

/** Signals the process group that a detached child leads: the child and all that it started. */
export function signalGroup({ pid }: Pick<ChildProcess, 'pid'>, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // The group has ended.
  }
}

/** Gives the lines of a stream. The reader repeats its source's errors; the end of the source, for any reason, is the sign. */
export function readLines(source: Readable, onLine: (line: string) => void): void {
  createInterface(source)
    .on('line', onLine)
    .on('error', () => {});
}
