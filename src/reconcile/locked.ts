import { PortfenceError } from '../errors.ts';
import type { System } from '../system/system.ts';
import { forgetEmptyFolder, lockFile, stateFolder } from './state.ts';

/** Milliseconds that one change waits for another to finish. */
const PATIENCE_MS = 20_000;

/** The work of this process that holds the lock, or waits for it. */
const turns = new WeakMap<System, Promise<unknown>>();

/**
 * Runs the work while holding the one lock of this network namespace. Says so when it has to wait for another process; what
 * this one does itself comes in turn. Throws NOT_ROOT without root, LOCKED when the other does not finish in time.
 */
export function locked<T>(
  system: System,
  say: (line: string) => void,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const run = () => holding(system, say, work);
  const before = turns.get(system);
  const mine = before ? before.then(run) : run();
  const over = mine.then(
    () => {},
    () => {},
  );
  turns.set(system, over);
  return mine;
}

async function holding<T>(
  system: System,
  say: (line: string) => void,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  requireRoot(system);
  const folder = await stateFolder(system);
  const path = lockFile(folder);
  let held = await system.lock(path, 0);
  if (!held) {
    say('another portfence is changing the fence: waiting for it');
    held = await system.lock(path, PATIENCE_MS);
  }
  if (!held) {
    throw new PortfenceError('LOCKED', `another portfence has held ${path} for ${PATIENCE_MS / 1000} s`, {
      hint: `see who it is: fuser -v ${path}`,
    });
  }
  try {
    return await tidied(system, folder, work);
  } finally {
    // The lock is given back whatever happened; flock(1) that can't be ended does not hide the error of the work.
    await held.release().catch(() => {});
  }
}

/** Runs the work, then forgets a folder in which nothing is remembered. The error of the work comes first. */
async function tidied<T>(system: System, folder: string, work: (folder: string) => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work(folder);
  } catch (error) {
    await forgetEmptyFolder(system, folder).catch(() => {});
    throw error;
  }
  await forgetEmptyFolder(system, folder);
  return result;
}

/** Throws NOT_ROOT with the remedy unless this process may change the kernel's rules. */
export function requireRoot(system: System): void {
  if (system.isRoot) return;
  throw new PortfenceError('NOT_ROOT', 'this needs root (or CAP_NET_ADMIN in the network namespace)', {
    hint: 'run it with sudo',
  });
}
