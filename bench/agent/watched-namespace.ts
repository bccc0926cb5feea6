import { closeSync, openSync, readSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { PortfenceError } from '../../src/errors.ts';
import { createNamespace } from '../../src/lab/namespace.ts';
import { PORTS } from './start-agent.ts';

/** A network namespace as a container has it, whose range is watched from outside without entering it. */
export interface WatchedNamespace {
  readonly path: string;
  readonly reads: () => string;
  close(): Promise<void>;
}

const RANGE = '/proc/sys/net/ipv4/ip_local_port_range';
const PATIENCE_MS = 10_000;

/** A file of /proc/sys/net that was opened inside shows the namespace's own value when it is opened by its descriptor. */
export async function watchedNamespace(): Promise<WatchedNamespace> {
  const namespace = await createNamespace();
  const holder = await namespace.startChild(['sh', '-c', `exec 3<${RANGE}; echo ready; exec cat`]);
  const file = openSync(`/proc/${holder.pid}/fd/3`, 'r');
  const buffer = Buffer.alloc(32);
  return {
    path: namespace.path,
    reads: () => buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0)).trim(),
    close: async () => {
      closeSync(file);
      await namespace.close();
    },
  };
}

/** When each of them was seen to have the lab's range (`performance.now`). Throws SYSTEM where one never gets it. */
export async function whenInRange(watched: readonly WatchedNamespace[]): Promise<readonly number[]> {
  const deadline = performance.now() + PATIENCE_MS;
  const given: (number | undefined)[] = watched.map(() => undefined);
  while (given.includes(undefined)) {
    for (const [i, { reads }] of watched.entries())
      if (given[i] === undefined && reads() === PORTS.replace('-', '\t')) given[i] = performance.now();
    if (performance.now() > deadline)
      throw new PortfenceError('SYSTEM', `a namespace did not get its range within ${PATIENCE_MS} ms`);
    await turn();
  }
  return given.filter((when) => when !== undefined);
}
