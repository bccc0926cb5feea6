/**
 * Keeps connections open and exchanges data over each all the time, until standard input ends. Standard output gets one JSON line
 * (`HeldConnectionEvent`) for each connection that opens and each that is cut; one that was cut is opened anew from its next port.
 */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import process from 'node:process';
import type { HeldConnection, HeldConnectionEvent, HoldOrder } from '../held-connections.ts';

const { everyMs, silentMs, connections } = JSON.parse(process.argv[2] ?? '{}') as HoldOrder;
const AGAIN_MS = 1000;
/** A TCP connection waits for its answer, and asks again when none came for so long. */
const ASK_AGAIN_MS = 3000;

const report = (event: HeldConnectionEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

interface Channel {
  send(): void;
  close(): void;
}
interface Handlers {
  readonly up: () => void;
  readonly heard: () => void;
  readonly down: (why: string) => void;
}

function tcp({ host, port }: HeldConnection, localPort: number, { up, heard, down }: Handlers): Channel {
  const socket = connect({ host, port, localPort });
  socket.setNoDelay(true).on('connect', up).on('data', heard);
  socket.on('error', (error: NodeJS.ErrnoException) => down(error.code ?? error.message));
  socket.on('close', () => down('closed'));
  return { send: () => void socket.write('?\n'), close: () => socket.resetAndDestroy() };
}

function udp({ host, port }: HeldConnection, localPort: number, { up, heard }: Handlers): Channel {
  const socket = createSocket(isIPv6(host) ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
  socket.on('error', () => {}); // A link that is down; the silence shows it.
  socket.on('message', heard).bind(localPort, up);
  return { send: () => socket.send('?\n', port, host, () => {}), close: () => socket.close() };
}

function keep(connection: HeldConnection, turn: number): void {
  const { name, protocol, sourcePorts } = connection;
  const sourcePort = sourcePorts[turn % sourcePorts.length] ?? 0;
  let opened = 0;
  let answeredAt = 0;
  let askedAt = 0;
  let over = false;
  const down = (why: string): void => {
    if (over) return;
    over = true;
    clearInterval(timer);
    channel.close();
    if (opened > 0) report({ what: 'cut', name, protocol, sourcePort, answeredAt, at: Date.now(), why });
    setTimeout(() => keep(connection, turn + 1), AGAIN_MS);
  };
  const heard = (): void => {
    answeredAt = Date.now();
    if (opened === 0) {
      opened = answeredAt;
      report({ what: 'opened', name, protocol, sourcePort, at: opened });
    }
  };
  const began = Date.now();
  let isUp = false;
  const up = (): void => {
    isUp = true;
  };
  const channel = (protocol === 'tcp' ? tcp : udp)(connection, sourcePort, { up, heard, down });
  const timer = setInterval(() => {
    const now = Date.now();
    if (now - (answeredAt || began) > silentMs) return down('silence');
    if (!isUp || (protocol === 'tcp' && askedAt > answeredAt && now - askedAt < ASK_AGAIN_MS)) return;
    askedAt = now;
    channel.send();
  }, everyMs);
}

for (const connection of connections) keep(connection, 0);
process.stdin.on('end', () => process.exit(0)).resume();
