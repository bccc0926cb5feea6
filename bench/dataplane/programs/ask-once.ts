import { connect, type NetConnectOpts } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Loaded } from '../load.ts';
import { tally } from './turns.ts';

type Destination = NetConnectOpts & { readonly host: string; readonly port: number };

const TIMEOUT_MS = 8000;

/** A connection that asks and reads to the end, so that the server closes first. Milliseconds until it was open. */
export function askOnce(to: Destination): Promise<number | undefined> {
  return new Promise((resolve) => {
    const began = performance.now();
    let opened: number | undefined;
    const socket = connect(to, () => {
      opened = performance.now() - began;
      socket.write('?\n');
    });
    const finish = (result: number | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => finish(undefined), TIMEOUT_MS);
    socket.on('error', () => finish(undefined));
    socket.on('end', () => finish(opened));
    socket.resume();
  });
}

/** How many are being opened at the same time. */
const WIDTH = 256;

/** Opens so many connections and closes none. */
export async function openAndStay({
  to,
  count,
  seconds,
}: {
  readonly to: Destination;
  readonly count: number;
  readonly seconds: number;
}): Promise<Loaded> {
  const sum = tally();
  const began = performance.now();
  const until = began + seconds * 1000;
  let next = 0;
  const open = (): Promise<number | undefined> =>
    new Promise((resolve) => {
      const socket = connect(to, () => resolve(performance.now() - began));
      const late = setTimeout(() => resolve(undefined), Math.max(0, until - performance.now()));
      socket.on('connect', () => clearTimeout(late));
      socket.on('error', () => resolve(undefined));
    });
  const lane = async (): Promise<void> => {
    while (next < count && performance.now() < until) {
      next += 1;
      sum.add(await open());
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, lane));
  const { latencies, ...rest } = sum.loaded();
  return { ...rest, started: count, failed: count - latencies.length, latencies };
}
