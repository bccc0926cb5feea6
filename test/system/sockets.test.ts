import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { getJson } from '../../src/system/sockets.ts';

const PATIENCE_MS = 2000;
let folder: string;
const server = createServer(({ url }, answer) => {
  if (url === '/silent') return;
  answer.writeHead(url === '/missing' ? 404 : 200).end(url === '/page' ? '<html>' : '{"here":true}');
});
const ask = (path: string, timeoutMs = PATIENCE_MS) => getJson(join(folder, 'socket'), path, timeoutMs);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portfence-http-'));
  await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

test('gives the document that the engine answers', async () => {
  expect(await ask('/version')).toEqual({ here: true });
});

test('tells an engine that is not there by its code', async () => {
  await expect(getJson(join(folder, 'nobody'), '/version', PATIENCE_MS)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(getJson(join(folder, 'socket/in'), '/version', PATIENCE_MS)).rejects.toMatchObject({ code: 'ENOTDIR' });
});

test('rejects another status, a body that is no JSON, and silence', async () => {
  await expect(ask('/missing')).rejects.toThrow('HTTP 404');
  await expect(ask('/page')).rejects.toThrow('is not JSON');
  await expect(ask('/silent', 50)).rejects.toMatchObject({ name: expect.stringMatching(/Abort|Timeout/) });
});
