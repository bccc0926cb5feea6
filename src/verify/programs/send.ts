/**
 * Opens the connections that standard input lists (JSON, see `Sending`) and drops each as soon as its first packet has left,
 * or once the answers that are waited for have come; prints what was sent (JSON, see `Sent`), a list for each sending.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setImmediate, setTimeout as wait } from 'node:timers/promises';
import type { Sending, Sent } from '../sending.ts';

const AT_ONCE = 128;
/** A peer that answers within this time sees its connection reset; any other gets nothing more of it. */
const GRACE_MS = 40;
const firstId = randomInt(2 ** 32);

type One = Pick<Sending, 'family' | 'address'> & { readonly from: number; readonly to: number; readonly index: number };

/** A connection whose first packet has left; `result` is asked once the time for answers is over. */
interface Opened {
  readonly answered: Promise<void>;
  result(): Sent;
  drop(): void;
}

async function overTcp({ address, from, to }: One): Promise<Opened> {
  const socket = connect({ host: address, port: to, ...(from === 0 ? {} : { localPort: from }) });
  let error: string | undefined;
  let isAnswered = false;
  const answered = new Promise<void>((resolve) => {
    socket.on('error', (problem: NodeJS.ErrnoException) => {
      error ??= problem.code ?? problem.message;
      isAnswered ||= error === 'ECONNREFUSED' || error === 'ECONNRESET';
      resolve();
    });
    socket.on('connect', () => {
      isAnswered = true;
      socket.resetAndDestroy();
      resolve();
    });
  });
  await setImmediate();
  const port = socket.localPort ?? from;
  const result = (): Sent => ({
    from: port,
    to,
    ...(error === undefined || isAnswered ? {} : { error }),
    answered: isAnswered,
  });
  return { result, answered, drop: () => void socket.destroy() };
}

function overUdp({ family, address, from, to, index }: One): Promise<Opened> {
  return new Promise((resolve) => {
    const socket = createSocket(family === 'ipv6' ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
    let isAnswered = false;
    let answer = (): void => {};
    const answered = new Promise<void>((done) => {
      answer = done;
    });
    const open = (port: number, error?: NodeJS.ErrnoException | null): void => {
      socket.removeAllListeners('error').on('error', () => {});
      if (error) answer();
      const failure = error ? { error: error.code ?? error.message } : {};
      resolve({
        answered,
        result: () => ({ from: port, to, ...failure, answered: isAnswered }),
        drop: () => socket.close(),
      });
    };
    socket.on('message', () => {
      isAnswered = true;
      answer();
    });
    socket.on('error', (error) => open(from, error));
    socket.bind({ port: from, exclusive: true }, () => {
      const { port } = socket.address();
      socket.send(datagram(index), to, address, (error) => open(port, error));
    });
  });
}

/** The first four bytes tell one datagram from another, whatever becomes of its port. */
function datagram(index: number): Buffer {
  const id = Buffer.alloc(4);
  id.writeUInt32BE((firstId + index) % 2 ** 32);
  return Buffer.concat([id, Buffer.from(' portfence verify\n')]);
}

async function wave({ protocol, answerMs }: Sending, connections: readonly One[]): Promise<Sent[]> {
  const opened = await Promise.all(connections.map(protocol === 'udp' ? overUdp : overTcp));
  const patience = protocol === 'tcp' ? Math.max(GRACE_MS, answerMs) : answerMs;
  if (patience > 0) await Promise.race([Promise.all(opened.map(({ answered }) => answered)), wait(patience)]);
  const results = opened.map(({ result }) => result());
  for (const { drop } of opened) drop();
  return results;
}

const IN_USE = new Set(['EADDRINUSE', 'EADDRNOTAVAIL']);
let sentSoFar = 0;

async function sendAll(sending: Sending): Promise<Sent[]> {
  const { family, address, to, from, spares } = sending;
  const results: Sent[] = [];
  const left = [...spares];
  let waiting = from.map((port, i) => ({ from: port, to: to[i % to.length] ?? 0 }));
  while (waiting.length > 0) {
    const now = waiting.splice(0, AT_ONCE);
    const sent = await wave(
      sending,
      now.map((one) => ({ ...one, family, address, index: sentSoFar++ })),
    );
    for (const one of sent) {
      const spare = IN_USE.has(one.error ?? '') ? left.shift() : undefined;
      if (spare === undefined) results.push(one);
      else waiting = [...waiting, { from: spare, to: one.to }];
    }
  }
  return results;
}

async function main(): Promise<void> {
  const sendings = JSON.parse(await text(process.stdin)) as Sending[];
  const all: Sent[][] = [];
  for (const sending of sendings) all.push(await sendAll(sending));
  process.stdout.write(`${JSON.stringify(all)}\n`);
}

void main();
