import process from 'node:process';

/** Calls the handler at each SIGHUP, which otherwise would end the process. */
export function onHangup(handler: () => void): void {
  process.on('SIGHUP', handler);
}

/** Fires at SIGINT and SIGTERM: the sign for something that runs for long to come to its end. */
export function untilEnded(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}
