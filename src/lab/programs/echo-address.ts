/**
 * Sends each client the address and port that it is seen from: on TCP at once and again for each line it sends, on UDP for each
 * datagram; HTTP answers any GET with a small file. Ports and addresses are given as JSON; says `ready`, and ends with its
 * standard input unless it is to stay.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer, isIPv6, type Socket } from 'node:net';
import process from 'node:process';

const { addresses, tcp, udp, http, fileBytes, stay } = JSON.parse(process.argv[2] ?? '{}') as {
  addresses: string[];
  tcp: number[];
  udp: number[];
  http: number[];
  fileBytes: number;
  stay: boolean;
};

const seen = (address: string | undefined, port: number | undefined): string =>
  `${JSON.stringify({ address: address?.replace(/^::ffff:/, ''), port })}\n`;

function echoTo(socket: Socket): void {
  const { remoteAddress, remotePort } = socket;
  socket.on('error', () => {}); // A client may reset the connection as soon as it knows enough.
  socket.write(seen(remoteAddress, remotePort));
  socket.on('data', () => socket.write(seen(remoteAddress, remotePort)));
}

async function listenTcp(port: number): Promise<void> {
  await once(createServer(echoTo).listen({ port, host: '::', backlog: 4096 }), 'listening');
}

// One socket an address: a socket for all of them would answer from the first, whichever was asked.
async function listenUdp(port: number, address: string): Promise<void> {
  const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', recvBufferSize: 200_000 });
  socket.on('message', (_, from) => socket.send(seen(from.address, from.port), from.port, from.address));
  socket.on('error', () => {});
  socket.bind(port, address);
  await once(socket, 'listening');
}

async function listenHttp(port: number): Promise<void> {
  const file = Buffer.alloc(fileBytes, 'portfence\n');
  const server = createHttpServer((_, answer) => {
    answer.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': file.length });
    answer.end(file);
  });
  await once(server.listen({ port, host: '::', backlog: 4096 }), 'listening');
}

async function main(): Promise<void> {
  await Promise.all([
    ...tcp.map(listenTcp),
    ...udp.flatMap((port) => addresses.map((address) => listenUdp(port, address))),
    ...http.map(listenHttp),
  ]);
  process.stdout.write('ready\n');
  if (!stay) process.stdin.on('end', () => process.exit(0)).resume();
}

void main();
