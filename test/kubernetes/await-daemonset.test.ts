import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AWAIT_COMMAND } from '../../src/kubernetes/cleanup.ts';
import { daemonSetStatus } from '../../src/kubernetes/daemonset-status.ts';
import { run } from '../../src/system/run.ts';
import { COMMAND } from '../support/command-line.ts';
import { needs } from '../support/needs.ts';

const status = (generation: number, numbers: readonly [nodes: number, ready: number, updated: number]) => {
  const [desiredNumberScheduled, numberReady, updatedNumberScheduled] = numbers;
  const seen = { observedGeneration: 1, desiredNumberScheduled, numberReady, updatedNumberScheduled };
  return JSON.stringify({ kind: 'DaemonSet', metadata: { name: 'fence-cleanup', generation }, status: seen });
};

test.each([
  ['is done where every node has a ready pod', status(1, [3, 3, 3]), true],
  ['is done where no node is to have one', status(1, [0, 0, 0]), true],
  ['is not done while a node is missing', status(1, [3, 2, 3]), false],
  ['is not done before its controller has seen it', status(2, [3, 3, 3]), false],
  ['is not done with pods of before', status(1, [3, 3, 1]), false],
  ['is not known from something else', '{"kind":"Status"}', undefined],
  ['is not known from no JSON', '<html>', undefined],
])('a DaemonSet %s', (_, text, done) => {
  expect(daemonSetStatus(text)?.done).toBe(done);
});

needs('openssl')('the Job of the clean-up, against a stand-in for the API', () => {
  let folder: string;
  let api: Server;
  let answers: string[];
  const asked: string[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portfence-api-'));
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'ca.crt')];
    const subject = ['-subj', '/CN=kubernetes', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
    const made = await run([
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      certificate,
      ...subject,
    ]);
    if (made.code !== 0) throw new Error(made.stderr);
    await writeFile(join(folder, 'token'), 'a-token');
    await writeFile(join(folder, 'namespace'), 'fences');
    const read = async (path: string) => (await run(['cat', path])).stdout;
    api = createServer({ key: await read(key), cert: await read(certificate) }, (request, response) => {
      asked.push(`${request.headers.authorization} ${request.method} ${request.url}`);
      const body = answers.length > 1 ? answers.shift() : answers[0];
      response.writeHead(body === undefined ? 403 : 200, { 'content-type': 'application/json' }).end(body);
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    api?.close();
    await rm(folder, { recursive: true });
  });
  const waited = (args: readonly string[] = []) =>
    run([...COMMAND, AWAIT_COMMAND, 'fence-cleanup', ...args], {
      env: {
        PORTFENCE_SERVICE_ACCOUNT: folder,
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_PORT: String((api.address() as AddressInfo).port),
      },
    });

  test('ends when every node is done, and looks at that one DaemonSet alone', async () => {
    answers = [status(1, [3, 1, 3]), status(1, [3, 3, 3])];
    expect(await waited()).toMatchObject({
      code: 0,
      stdout: 'fence-cleanup is done on 3 nodes\n',
      stderr: expect.stringContaining('done on 1 of 3 nodes'),
    });
    const question = 'Bearer a-token GET /apis/apps/v1/namespaces/fences/daemonsets/fence-cleanup';
    expect([...new Set(asked)]).toEqual([question]);
  });

  test.each([
    ['a node is never done', [status(1, [3, 2, 3])], 'done on 2 of 3 nodes'],
    ['the API refuses', [], 'status 403'],
  ])('fails where %s, with the reason', async (_, given, words) => {
    answers = [...given];
    const { code, stderr } = await waited(['--timeout', '1']);
    expect(code).toBe(3);
    expect(stderr).toContain(words);
  });

  test('trusts nobody whom the cluster does not vouch for', async () => {
    answers = [status(1, [1, 1, 1])];
    const certificate = join(folder, 'ca.crt');
    const { stdout: kept } = await run(['cat', certificate]);
    await run([
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      join(folder, 'other.pem'),
      '-out',
      certificate,
      '-subj',
      '/CN=other',
    ]);
    const { code, stderr } = await waited(['--timeout', '1']);
    await writeFile(certificate, kept);
    expect(code).toBe(3);
    expect(stderr).toContain('failed');
  });

  test('says so where it is no pod', async () => {
    expect(await run([...COMMAND, AWAIT_COMMAND, 'x'])).toMatchObject({ code: 3 });
  });
});
