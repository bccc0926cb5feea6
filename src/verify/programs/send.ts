/**
 * Opens the connections that standard input lists (JSON, see `Volley`) and drops each as soon as its first packet has left,
 * answered or not; prints what was sent (JSON, see `Sent`), a list for each volley.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setImmediate, setTimeout as wait } from 'node:timers/promises';
import type { Sent, Volley } from '../sending.ts';

const AT_ONCE = 128;
/** A peer that answers within this time sees its connection reset; any other hears no more of it. */
const GRACE_MS = 40;
const firstId = randomInt(2 ** 32);

type One = Pick<Volley, 'family' | 'address'> & { readonly from: number; readonly to: number; readonly index: number };

async function overTcp({ address, from, to }: One): Promise<{ sent: Sent; answered: Promise<void>; drop(): void }> {
  const socket = connect({ host: address, port: to, ...(from === 0 ? {} : { localPort: from }) });
  let error: string | undefined;
  const answered = new Promise<void>((resolve) => {
    socket.on('error', (problem: NodeJS.ErrnoException) => {
      error = problem.code ?? problem.message;
      resolve();
    });
    socket.on('connect', () => {
      socket.resetAndDestroy();
      resolve();
    });
  });
  await setImmediate();
  const port = socket.localPort ?? from;
  // An answer is as good as silence: either way the first packet has left.
  const harmless = error === 'ECONNREFUSED' || error === 'ECONNRESET';
  const sent = { from: port, to, ...(error === undefined || harmless ? {} : { error }) };
  return { sent, answered, drop: () => void socket.destroy() };
}

function overUdp({ family, address, from, to, index }: One): Promise<Sent> {
  return new Promise((resolve) => {
    const socket = createSocket(family === 'ipv6' ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
    const finish = (port: number, error?: NodeJS.ErrnoException | null): void => {
      socket.removeAllListeners('error').on('error', () => {});
      socket.close();
      resolve({ from: port, to, ...(error ? { error: error.code ?? error.message } : {}) });
    };
    socket.on('error', (error) => finish(from, error));
    socket.bind({ port: from, exclusive: true }, () => {
      const { port } = socket.address();
      socket.send(datagram(index), to, address, (error) => finish(port, error));
    });
  });
}

/** The first four bytes tell one datagram from another, whatever becomes of its port. */
function datagram(index: number): Buffer {
  const id = Buffer.alloc(4);
  id.writeUInt32BE((firstId + index) % 2 ** 32);
  return Buffer.concat([id, Buffer.from(' portfence verify\n')]);
}

async function wave(protocol: Volley['protocol'], shots: readonly One[]): Promise<Sent[]> {
  if (protocol === 'udp') return Promise.all(shots.map(overUdp));
  const opened = await Promise.all(shots.map(overTcp));
  await Promise.race([Promise.all(opened.map(({ answered }) => answered)), wait(GRACE_MS)]);
  for (const { drop } of opened) drop();
  return opened.map(({ sent }) => sent);
}

const IN_USE = new Set(['EADDRINUSE', 'EADDRNOTAVAIL']);
let sentSoFar = 0;

async function fire({ protocol, family, address, to, from, spares }: Volley): Promise<Sent[]> {
  const results: Sent[] = [];
  const left = [...spares];
  let waiting = from.map((port, i) => ({ from: port, to: to[i % to.length] ?? 0 }));
  while (waiting.length > 0) {
    const now = waiting.splice(0, AT_ONCE);
    const sent = await wave(
      protocol,
      now.map((shot) => ({ ...shot, family, address, index: sentSoFar++ })),
    );
    for (const one of sent) {
      const spare = IN_USE.has(one.error ?? '') ? left.shift() : undefined;
      if (spare === undefined) results.push(one);
      else waiting = [...waiting, { from: spare, to: one.to }];
    }
  }
  return results;
}

const volleys = JSON.parse(await text(process.stdin)) as Volley[];
const all: Sent[][] = [];
for (const volley of volleys) all.push(await fire(volley));
process.stdout.write(`${JSON.stringify(all)}\n`);
