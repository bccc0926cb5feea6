import { chmod, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { PortfenceError } from '../errors.ts';
import { errnoOf } from './errno.ts';
import type { HttpHandler, HttpPlace, HttpServing } from './system.ts';

/** Few look at an agent at the same time; more would be a mistake or an attack. */
const MOST_CONNECTIONS = 64;
const PATIENCE_MS = 10_000;
/** Milliseconds between two signs of life of a stream, so that a reader that is gone is found. */
const KEEP_ALIVE_MS = 15_000;

/** See `Servers.serveHttp`. */
export async function serveHttp(place: HttpPlace, handle: HttpHandler): Promise<HttpServing> {
  const server = createServer((request, response) => {
    void answer(request, response, handle).catch(() => response.destroy());
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.headersTimeout = PATIENCE_MS;
  server.requestTimeout = PATIENCE_MS;
  if ('socket' in place) await rm(place.socket, { force: true }); // What a killed process left behind refuses everybody.
  await listen(server, place);
  if ('socket' in place) await chmod(place.socket, 0o600);
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      if ('socket' in place) await rm(place.socket, { force: true });
    },
  };
}

function listen(server: Server, place: HttpPlace): Promise<void> {
  const where = 'socket' in place ? place.socket : `${place.host} port ${place.port}`;
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const errno = errnoOf(cause);
      const hint =
        errno === 'EADDRINUSE'
          ? 'another program listens there: choose another port'
          : 'choose an address of this host';
      reject(new PortfenceError('SYSTEM', `can't listen on ${where}: ${cause.message}`, { hint, cause }));
    });
    // The socket has the mode of the umask between bind and chmod.
    const before = 'socket' in place ? process.umask(0o177) : undefined;
    server.listen('socket' in place ? { path: place.socket } : { host: place.host, port: place.port }, resolve);
    if (before !== undefined) process.umask(before);
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, handle: HttpHandler): Promise<void> {
  const { method = '', headers } = request;
  if (method !== 'GET' && method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  const given = await handle({ path, query, host: headers.host ?? '', accept: headers.accept ?? '' });
  response.writeHead(given.status, given.headers);
  if (method === 'HEAD') response.end();
  else if ('body' in given) response.end(given.body);
  else stream(response, given.open);
}

function stream(response: ServerResponse, open: (send: (text: string) => void) => () => void): void {
  const close = open((text) => {
    // A reader that does not keep up is let go; it comes back and gets the present state.
    if (response.writableLength > 1_000_000) response.destroy();
    else response.write(text);
  });
  const alive = setInterval(() => response.write(':\n\n'), KEEP_ALIVE_MS);
  response.on('close', () => {
    clearInterval(alive);
    close();
  });
}

/** See `Servers.forwardLoopback`. */
export function forwardLoopback(socket: string, port: number): Promise<HttpServing & { readonly port: number }> {
  const open = new Set<{ destroy(): void }>();
  const server = createTcpServer((outer) => {
    const inner = connect(socket);
    for (const [one, other] of [
      [outer, inner],
      [inner, outer],
    ] as const) {
      open.add(one);
      one
        .on('error', () => other.destroy())
        .on('close', () => {
          open.delete(one);
          other.destroy();
        });
      one.pipe(other);
    }
  });
  server.maxConnections = MOST_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new PortfenceError('SYSTEM', `can't listen on 127.0.0.1 port ${port}: ${cause.message}`, {
          cause,
          hint: 'choose another port: --port 0 takes a free one',
        }),
      ),
    );
    server.listen({ host: '127.0.0.1', port }, () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address ? address.port : port,
        close: async () => {
          const closed = new Promise<void>((done) => server.close(() => done()));
          for (const one of open) one.destroy();
          await closed;
        },
      });
    });
  });
}
