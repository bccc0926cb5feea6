import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { realSystem } from '../../../src/system/real.ts';
import type { Sockets } from '../../../src/system/system.ts';
import { scriptedSystem } from '../../support/scripted-system.ts';

/** An engine that answers /version, and streams /events. */
interface Engine {
  readonly system: Sockets;
  readonly socket: string;
  say(line: string): void;
  breakOff(): void;
  close(): Promise<void>;
}

async function realEngine(): Promise<Engine> {
  const folder = mkdtempSync(join(tmpdir(), 'portfence-contract-'));
  const socket = join(folder, 'engine.sock');
  const streams: ServerResponse[] = [];
  const server = createServer(({ url }, answer) => {
    if (url === '/version') answer.end('{"here":true}');
    else if (url === '/events') streams.push(answer);
    else answer.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const each = (act: (answer: ServerResponse) => void) =>
    vi.waitFor(() => streams.length > 0 || Promise.reject()).then(() => streams.forEach(act));
  return {
    ...{ system: realSystem, socket },
    say: (line) => void each((answer) => answer.write(`${line}\n`)),
    breakOff: () => void each((answer) => answer.socket?.destroy()),
    close: async () => {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

async function fakeEngine(): Promise<Engine> {
  const socket = '/run/engine.sock';
  const system = scriptedSystem({ sockets: { [`${socket} /version`]: { here: true } } });
  return {
    ...{ system, socket },
    say: (line) => system.feeds.get(`${socket} /events`)?.(line),
    breakOff: () => system.endStream(`${socket} /events`),
    close: async () => {},
  };
}

/** A service with one call, which answers with what it is sent. */
async function realService() {
  const folder = mkdtempSync(join(tmpdir(), 'portfence-contract-'));
  const socket = join(folder, 'runtime.sock');
  const server = new Server();
  const pass = (bytes: Uint8Array) => Buffer.from(bytes);
  const echo = { path: '/a.Service/Echo', requestStream: false, responseStream: false } as const;
  const definition = {
    Echo: {
      ...echo,
      requestSerialize: pass,
      requestDeserialize: pass,
      responseSerialize: pass,
      responseDeserialize: pass,
    },
  };
  server.addService(definition, {
    Echo: (one: { request: Uint8Array }, answer: (error: null, bytes: Uint8Array) => void) => answer(null, one.request),
  });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  const close = async () => {
    server.forceShutdown();
    rmSync(folder, { recursive: true });
  };
  return { system: realSystem as Sockets, socket, close };
}

async function fakeService() {
  const socket = '/run/runtime.sock';
  const system: Sockets = scriptedSystem({ sockets: { [`${socket} /a.Service/Echo`]: new Uint8Array([1, 2]) } });
  return { system, socket, close: async () => {} };
}

test.each([
  ['on the machine', realService],
  ['in the fake', fakeService],
] as const)(
  'a gRPC call %s gives the bytes of the answer; an unknown one and a missing socket are errors',
  async (_, make) => {
    const { system, socket, close } = await make();
    const ask = (path: string, method: string) =>
      system.grpc(path, `/a.Service/${method}`, new Uint8Array([1, 2]), 2000);
    expect([...(await ask(socket, 'Echo'))]).toEqual([1, 2]);
    await expect(ask(socket, 'Nothing')).rejects.toMatchObject({ code: 12 });
    await expect(ask(`${socket}-missing`, 'Echo')).rejects.toMatchObject({ code: 'ENOENT' });
    await close();
  },
);

describe.each([
  ['on the machine', realEngine],
  ['in the fake', fakeEngine],
] as const)('sockets %s', (_, make) => {
  let engine: Engine;
  beforeEach(async () => {
    engine = await make();
  });
  afterEach(() => engine.close());

  test('an answer is a document; another status and a missing socket are errors', async () => {
    const ask = (socket: string, path: string) => engine.system.getJson(socket, path, 2000);
    expect(await ask(engine.socket, '/version')).toEqual({ here: true });
    await expect(ask(engine.socket, '/nothing')).rejects.toThrow('HTTP 404');
    await expect(ask(`${engine.socket}-missing`, '/version')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a stream gives lines until the engine breaks off', async () => {
    const lines: string[] = [];
    const stream = engine.system.streamSocket(engine.socket, '/events', (line) => lines.push(line));
    engine.say('{"Type":"network"}');
    await vi.waitFor(() => expect(lines).toEqual(['{"Type":"network"}']));
    engine.breakOff();
    await stream.ended;
  });

  test('a stream of a socket that is missing has ended', async () => {
    await engine.system.streamSocket(`${engine.socket}-missing`, '/events', () => {}).ended;
  });

  test('a stream that is stopped has ended', async () => {
    const stream = engine.system.streamSocket(engine.socket, '/events', () => {});
    await stream.stop();
    await stream.ended;
  });

  test('nothing listens on a port where nothing listens', async () => {
    const request = { method: 'GET', url: 'http://127.0.0.1:1/', timeoutMs: 1000, largest: 10 } as const;
    expect(await engine.system.http(request)).toMatchObject({ outcome: 'failed', code: 'ECONNREFUSED' });
  });
});
