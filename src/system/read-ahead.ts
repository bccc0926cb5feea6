import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { fileError } from './errno.ts';
import type { ByteSink } from './system.ts';

const [SLOTS, SLOT] = [8, 256 * 1024];
/** Where `state` holds what: how many slots were read and taken, what the thread is to do, then the bytes in each slot. */
const [READ, TAKEN, TASK, COUNTS] = [0, 1, 2, 3];
/** The thread's own word, and what it waits for. */
const [READY, BEGIN] = [1, 2];

/**
 * Reads a file into slots of memory that both threads see, and waits where all of them are full. A table of the kernel comes
 * in 4 KiB at most, and whole lines: a slot with less room than that is given as it is. Text, since the single executable
 * has no file for it.
 */
const PROGRAM = `
const { readSync } = require('node:fs');
const { file, state, memory } = require('node:worker_threads').workerData;
Atomics.store(state, ${TASK}, ${READY});
Atomics.wait(state, ${TASK}, ${READY});
for (let read = 0, count = 1; count > 0; ) {
  while (read - Atomics.load(state, ${TAKEN}) >= ${SLOTS}) Atomics.wait(state, ${TAKEN}, read - ${SLOTS});
  const slot = read % ${SLOTS}, start = slot * ${SLOT};
  let filled = 0;
  while (filled <= ${SLOT} - 4096 && (count = readSync(file, memory, start + filled, ${SLOT} - filled, null)) > 0) filled += count;
  state[${COUNTS} + slot] = filled;
  Atomics.store(state, ${READ}, read += filled > 0 ? 1 : 0);
  Atomics.notify(state, ${READ});
}`;

/** A thread that can read an open file while this one works on what came before. */
export interface ReadAhead {
  /** Whether the thread has started; until then it reads nothing. */
  isReady(): boolean;
  /** Lets the thread read on from where the file stands, and gives what it reads, to the end. Call it once, when it is ready. */
  rest(onBytes: ByteSink, sliceMs: number): Promise<void>;
  /** Ends the thread. */
  stop(): Promise<void>;
}

/** Starts such a thread for the open file at a path; about 30 ms and 10 MB. A thread that can't be started is never ready. */
export function startReadAhead(file: number, path: string): ReadAhead {
  const state = new Int32Array(new SharedArrayBuffer((COUNTS + SLOTS) * Int32Array.BYTES_PER_ELEMENT));
  const memory = new Uint8Array(new SharedArrayBuffer(SLOTS * SLOT));
  const slots = Array.from({ length: SLOTS }, (_, i) => Buffer.from(memory.buffer, i * SLOT, SLOT));
  const worker = new Worker(PROGRAM, { eval: true, workerData: { file, state, memory }, env: {}, execArgv: [] });
  let end: { readonly failure?: unknown } | undefined;
  const ended = (how: { readonly failure?: unknown }): void => {
    end ??= how;
    Atomics.notify(state, READ);
  };
  worker.once('error', (failure) => ended({ failure }));
  worker.once('exit', () => ended({}));
  return {
    isReady: () => Atomics.load(state, TASK) === READY,
    rest: async (onBytes, sliceMs) => {
      Atomics.store(state, TASK, BEGIN);
      Atomics.notify(state, TASK);
      let until = performance.now() + sliceMs;
      for (let taken = 0; ; ) {
        if (taken === Atomics.load(state, READ)) {
          if (end?.failure !== undefined) throw fileError(end.failure, 'read', path);
          if (end) return;
          const more = Atomics.waitAsync(state, READ, taken);
          if (more.async) await more.value;
          continue;
        }
        const slot = slots[taken % SLOTS];
        if (slot) onBytes(slot, state[COUNTS + (taken % SLOTS)] ?? 0);
        taken += 1;
        Atomics.store(state, TAKEN, taken);
        Atomics.notify(state, TAKEN);
        if (performance.now() < until) continue;
        await nextTurn();
        until = performance.now() + sliceMs;
      }
    },
    stop: async () => {
      if (!end) await Promise.all([once(worker, 'exit'), worker.terminate()]);
    },
  };
}
