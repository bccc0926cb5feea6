import { PortfenceError } from '../errors.ts';
import { forgetEmptyFolder, lockFile, stateFolder } from '../survey/state.ts';
import type { System } from '../system/system.ts';

/** Milliseconds that one change waits for another to finish. */
const PATIENCE_MS = 20_000;

/**
 * Runs the work while holding the one lock of this network namespace. Says so when it has to wait.
 * Throws NOT_ROOT without root, LOCKED when the other does not finish in time.
 */
export async function locked<T>(
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
    return await work(folder);
  } finally {
    await forgetEmptyFolder(system, folder);
    await held.release();
  }
}

/** Throws NOT_ROOT with the remedy unless this process may change the kernel's rules. */
export function requireRoot(system: System): void {
  if (system.isRoot) return;
  throw new PortfenceError('NOT_ROOT', 'this needs root (or CAP_NET_ADMIN in the network namespace)', {
    hint: 'run it with sudo',
  });
}
