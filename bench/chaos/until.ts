import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 50;

/** Waits until it is so, for at most `ms` or until the signal fires; gives whether it came to be. */
export async function until(isSo: () => Promise<boolean>, ms: number, signal: AbortSignal): Promise<boolean> {
  const end = Date.now() + ms;
  while (!(await isSo())) {
    if (Date.now() > end || signal.aborted) return false;
    await sleep(POLL_MS);
  }
  return true;
}
