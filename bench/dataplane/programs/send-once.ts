import { createSocket } from 'node:dgram';
import { performance } from 'node:perf_hooks';

const TIMEOUT_MS = 2000;

/** One datagram from a new socket, and its answer; not sent again. Milliseconds until the answer came. */
export function sendOnce(to: { readonly host: string; readonly port: number }): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const began = performance.now();
    const finish = (result: number | undefined): void => {
      clearTimeout(timer);
      socket.removeAllListeners().on('error', () => {});
      socket.close();
      resolve(result);
    };
    const timer = setTimeout(() => finish(undefined), TIMEOUT_MS);
    socket.on('error', () => finish(undefined));
    socket.on('message', () => finish(performance.now() - began));
    socket.send('?', to.port, to.host);
  });
}
