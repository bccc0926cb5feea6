/** Opens so many UDP flows from one socket, each to a port of its own, and prints the microseconds that one takes. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import type { FlowsOrder } from '../flows.ts';

const { from, to, count } = JSON.parse(process.argv[2] ?? '{}') as FlowsOrder;
const FIRST_PORT = 10_000;
const PAYLOAD = Buffer.from('?');
/** As many are sent before the queue of what was sent is looked at. */
const BATCH = 100;

// An address needs no look-up, which would cost more than what is measured.
const socket = createSocket({ type: 'udp4', lookup: (host, _options, found) => found(null, host, 4) });
const listening = once(socket, 'listening');
socket.bind(from, '0.0.0.0');
await listening;
const send = (port: number) =>
  new Promise<void>((sent) => {
    socket.send(PAYLOAD, port, to, () => sent());
  });
/** The first packets fill caches, the neighbour's address among them. */
for (let i = 0; i < BATCH; i += 1) await send(FIRST_PORT - 1);
const began = performance.now();
for (let sent = 0; sent < count; sent += BATCH) {
  await Promise.all(Array.from({ length: Math.min(BATCH, count - sent) }, (_, i) => send(FIRST_PORT + sent + i)));
}
const took = performance.now() - began;
socket.close();
process.stdout.write(`${JSON.stringify((1000 * took) / count)}\n`);
