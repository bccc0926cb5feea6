import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { type ClientRequest, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { realSystem } from '../../../src/system/real.ts';
import type { HttpHandler, HttpPlace, HttpServing, Servers } from '../../../src/system/system.ts';
import { scriptedSystem } from '../../support/scripted-system.ts';

interface Answer {
  readonly status: number;
  readonly kind: string;
  readonly body: string;
}

/** Servers, and somebody who asks them. */
interface Asked {
  readonly servers: Servers;
  readonly socket: string;
  /** An address that nothing listens on. */
  readonly address: { readonly host: string; readonly port: number };
  ask(place: HttpPlace, path: string): Promise<Answer>;
  /** Reads a stream until the result is called. */
  listen(place: HttpPlace, path: string, onText: (text: string) => void): Promise<() => void>;
  close(): void;
}

const HEADERS = { host: 'localhost', accept: 'text/plain' };

async function real(): Promise<Asked> {
  const folder = mkdtempSync(join(tmpdir(), 'portfence-contract-'));
  const open = (place: HttpPlace, path: string): ClientRequest =>
    request({
      ...('socket' in place ? { socketPath: place.socket } : place),
      path,
      headers: HEADERS,
      agent: false,
    });
  return {
    ...{ servers: realSystem, socket: join(folder, 'here.sock'), address: await freeAddress() },
    ask: (place, path) =>
      new Promise((resolve, reject) => {
        open(place, path)
          .on('response', async (answer) =>
            resolve({
              status: answer.statusCode ?? 0,
              kind: answer.headers['content-type'] ?? '',
              body: await text(answer),
            }),
          )
          .on('error', reject)
          .end();
      }),
    listen: (place, path, onText) =>
      new Promise((resolve, reject) => {
        const asking = open(place, path);
        asking
          .on('response', (answer) => {
            answer.on('data', (chunk) => onText(String(chunk))).on('error', () => {});
            resolve(() => asking.destroy());
          })
          .on('error', reject)
          .end();
      }),
    close: () => rmSync(folder, { recursive: true }),
  };
}

/** An address on which nothing listens: the kernel has just given it out, and it is closed again. */
async function freeAddress(): Promise<Asked['address']> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return { host: '127.0.0.1', port };
}

async function fake(): Promise<Asked> {
  const system = scriptedSystem();
  const answer = async (place: HttpPlace, path: string) => {
    const handle = system.served.get('socket' in place ? place.socket : `${place.host}:${place.port}`);
    if (!handle) throw new Error('nothing listens there');
    const [plain = '', query = ''] = path.split('?');
    return handle({ path: plain, query, ...HEADERS });
  };
  return {
    ...{ servers: system, socket: '/run/here.sock', address: { host: '127.0.0.1', port: 9469 } },
    ask: async (place, path) => {
      const given = await answer(place, path);
      return {
        status: given.status,
        kind: given.headers['content-type'] ?? '',
        body: 'body' in given ? given.body : '',
      };
    },
    listen: async (place, path, onText) => {
      const given = await answer(place, path);
      return 'open' in given ? given.open(onText) : () => {};
    },
    close: () => {},
  };
}

const says =
  (words: string): HttpHandler =>
  async ({ path, query, host, accept }) => ({
    status: 203,
    headers: { 'content-type': 'text/plain' },
    body: [words, path, query, host, accept].join(' '),
  });

describe.each([
  ['on the machine', real],
  ['in the fake', fake],
] as const)('servers %s', (_, make) => {
  let asked: Asked;
  const open: HttpServing[] = [];
  const serve = async (place: HttpPlace, handle: HttpHandler): Promise<HttpServing> => {
    const serving = await asked.servers.serveHttp(place, handle);
    open.push(serving);
    return serving;
  };
  const bodyOf = async (place: HttpPlace) => (await asked.ask(place, '/')).body;
  beforeEach(async () => {
    asked = await make();
  });
  afterEach(async () => {
    for (const serving of open.splice(0)) await serving.close();
    asked.close();
  });

  test('a handler learns what is asked, and its answer comes as it is', async () => {
    await serve({ socket: asked.socket }, says('hello'));
    expect(await asked.ask({ socket: asked.socket }, '/a/path?with=words')).toEqual({
      ...{ status: 203, kind: 'text/plain' },
      body: 'hello /a/path with=words localhost text/plain',
    });
  });

  test('a server that is closed answers no one, and leaves the others alone', async () => {
    const first = await serve({ socket: asked.socket }, says('socket'));
    await serve(asked.address, says('address'));
    await first.close();
    await expect(bodyOf({ socket: asked.socket })).rejects.toThrow();
    expect(await bodyOf(asked.address)).toMatch(/^address/);
  });

  test('a socket that an earlier server left is taken', async () => {
    await serve({ socket: asked.socket }, says('earlier'));
    await serve({ socket: asked.socket }, says('later'));
    expect(await bodyOf({ socket: asked.socket })).toMatch(/^later/);
  });

  test('an address that is taken already is an error that says what to do', async () => {
    await serve(asked.address, says('first'));
    await expect(serve(asked.address, says('second'))).rejects.toMatchObject({
      code: 'SYSTEM',
      hint: expect.any(String),
    });
    expect(await bodyOf(asked.address)).toMatch(/^first/);
  });

  test('a stream goes on until its reader goes, and is closed then', async () => {
    const [ended, texts] = [vi.fn(), [] as string[]];
    let send: ((text: string) => void) | undefined;
    await serve({ socket: asked.socket }, async () => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      open: (to) => {
        send = to;
        to('data: 1\n\n');
        return ended;
      },
    }));
    const leave = await asked.listen({ socket: asked.socket }, '/', (one) => texts.push(one));
    await vi.waitFor(() => expect(texts.join('')).toBe('data: 1\n\n'));
    send?.('data: 2\n\n');
    await vi.waitFor(() => expect(texts.join('')).toBe('data: 1\n\ndata: 2\n\n'));
    expect(ended).not.toHaveBeenCalled();
    leave();
    await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce());
  });

  test('a port of 127.0.0.1 leads to a socket until it is closed', async () => {
    await serve({ socket: asked.socket }, says('behind'));
    const way = await asked.servers.forwardLoopback(asked.socket, 0);
    expect(way.port).toBeGreaterThan(0);
    expect(await bodyOf({ host: '127.0.0.1', port: way.port })).toMatch(/^behind/);
    await expect(asked.servers.forwardLoopback(asked.socket, way.port)).rejects.toMatchObject({ code: 'SYSTEM' });
    await way.close();
    await expect(bodyOf({ host: '127.0.0.1', port: way.port })).rejects.toThrow();
  });

  test('a port that leads to a socket which is gone answers no one', async () => {
    const way = await asked.servers.forwardLoopback(asked.socket, 0);
    open.push(way);
    await expect(bodyOf({ host: '127.0.0.1', port: way.port })).rejects.toThrow();
  });
});

describe('a server on the machine', () => {
  test('has a socket that root alone may use, takes no request but GET and HEAD, and takes its socket away', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'portfence-contract-'));
    const socketPath = join(folder, 'here.sock');
    const serving = await realSystem.serveHttp({ socket: socketPath }, says('hello'));
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    const status = (method: string) =>
      new Promise((resolve) => request({ socketPath, method }, (one) => resolve(one.resume().statusCode)).end());
    expect(await Promise.all(['GET', 'HEAD', 'POST', 'PUT', 'DELETE'].map(status))).toEqual([203, 203, 405, 405, 405]);
    await serving.close();
    expect(() => statSync(socketPath)).toThrow('ENOENT');
    rmSync(folder, { recursive: true });
  });
});
