/**
 * Keeps connections open and talks over each all the time, until standard input ends. Standard output gets one JSON line
 * (`KeepEvent`) for each connection that opens and each that is cut; one that was cut is opened anew from its next port.
 */
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import process from 'node:process';
import type { KeepEvent, KeepOrder, KeptConnection } from '../keep.ts';

const { everyMs, silentMs, connections } = JSON.parse(process.argv[2] ?? '{}') as KeepOrder;
const AGAIN_MS = 1000;
/** Over TCP the line waits for its answer; whoever got none for so long asks again. */
const ASK_AGAIN_MS = 3000;

const tell = (event: KeepEvent): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

interface Line {
  send(): void;
  close(): void;
}
interface Ears {
  readonly up: () => void;
  readonly heard: () => void;
  readonly down: (why: string) => void;
}

function tcp({ host, port }: KeptConnection, localPort: number, { up, heard, down }: Ears): Line {
  const socket = connect({ host, port, localPort });
  socket.setNoDelay(true).on('connect', up).on('data', heard);
  socket.on('error', (error: NodeJS.ErrnoException) => down(error.code ?? error.message));
  socket.on('close', () => down('closed'));
  return { send: () => void socket.write('?\n'), close: () => socket.resetAndDestroy() };
}

function udp({ host, port }: KeptConnection, localPort: number, { up, heard }: Ears): Line {
  const socket = createSocket(isIPv6(host) ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' });
  socket.on('error', () => {}); // A link that is down; silence tells.
  socket.on('message', heard).bind(localPort, up);
  return { send: () => socket.send('?\n', port, host, () => {}), close: () => socket.close() };
}

function keep(connection: KeptConnection, turn: number): void {
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
    line.close();
    if (opened > 0) tell({ what: 'cut', name, protocol, sourcePort, answeredAt, at: Date.now(), why });
    setTimeout(() => keep(connection, turn + 1), AGAIN_MS);
  };
  const heard = (): void => {
    answeredAt = Date.now();
    if (opened === 0) {
      opened = answeredAt;
      tell({ what: 'opened', name, protocol, sourcePort, at: opened });
    }
  };
  const began = Date.now();
  let isUp = false;
  const up = (): void => {
    isUp = true;
  };
  const line = (protocol === 'tcp' ? tcp : udp)(connection, sourcePort, { up, heard, down });
  const timer = setInterval(() => {
    const now = Date.now();
    if (now - (answeredAt || began) > silentMs) return down('silence');
    if (!isUp || (protocol === 'tcp' && askedAt > answeredAt && now - askedAt < ASK_AGAIN_MS)) return;
    askedAt = now;
    line.send();
  }, everyMs);
}

for (const connection of connections) keep(connection, 0);
process.stdin.on('end', () => process.exit(0)).resume();
