/**
 * The peer's side of the loads, on the addresses and ports that are given as JSON: TCP that answers a question and closes
 * first, TCP that holds whatever comes, UDP that echoes. Says `ready`, and ends with its standard input.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import process from 'node:process';

const { addresses, answer, hold, echo } = JSON.parse(process.argv[2] ?? '{}') as {
  addresses: string[];
  answer: number;
  hold: number;
  echo: number;
};

async function listen(port: number, serve: (socket: Socket) => void): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  await once(server.listen({ port, host: '::', backlog: 4096 }), 'listening');
}

async function echoAt(address: string): Promise<void> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4_000_000 });
  socket.on('message', (words, from) => socket.send(words, from.port, from.address));
  socket.on('error', () => {});
  socket.bind(echo, address);
  await once(socket, 'listening');
}

await Promise.all([
  listen(answer, (socket) => socket.once('data', () => socket.end('an answer\n'))),
  listen(hold, (socket) => socket.resume()),
  ...addresses.map(echoAt),
]);
process.stdout.write('ready\n');
process.stdin.on('end', () => process.exit(0)).resume();
