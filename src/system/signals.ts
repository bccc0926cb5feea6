import process from 'node:process';

const CLEAN_UP = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs work that cleans up after itself when the signal fires: Ctrl-C, an end by `kill`, or a closed terminal. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  for (const name of CLEAN_UP) process.on(name, abort);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of CLEAN_UP) process.off(name, abort);
  }
}

/** Calls the handler at each SIGHUP, which otherwise would end the process. */
export function onHangup(handler: () => void): void {
  process.on('SIGHUP', handler);
}

/** Fires at SIGINT and SIGTERM: the sign for a long-running command to come to its end. */
export function terminationSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}
