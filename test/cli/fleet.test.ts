import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import type { HttpOutcome, HttpRequest } from '../../src/system/system.ts';
import { inProcess } from '../support/in-process.ts';

const STATUS = {
  ...{ version: 1, state: 'inSync', at: 100_000, checkedAt: 99_000, drift: [], counters: { leaked: 0 } },
  ...{ program: '1.0.0', leakedLastHour: 0, policy: { digest: 'aaaaaaaaaaaa', ports: ['49152-61000'] } },
  fullest: { protocol: 'tcp', address: '203.0.113.10', port: 443, inUse: 10, available: 100 },
};
const answer = (document: unknown): HttpOutcome => ({ outcome: 'answer', status: 200, body: JSON.stringify(document) });
const HOSTS = 'web-1 web-1.internal:9469\nweb-2 10.0.1.11:9469\n';

/** Answers by the host of the address; a host that is not here is silent. */
const fleet = (documents: Readonly<Record<string, unknown>>, list = HOSTS, args: readonly string[] = []) => {
  const asked: HttpRequest[] = [];
  const http = (request: HttpRequest): HttpOutcome => {
    asked.push(request);
    const document = documents[new URL(request.url).hostname];
    return document === undefined ? { outcome: 'silence', connected: false } : answer(document);
  };
  return inProcess(['fleet', '--from', 'hosts.txt', ...args], { files: { 'hosts.txt': list }, http }).then(
    (answered) => ({
      ...answered,
      asked,
    }),
  );
};

describe('portfence fleet --from', () => {
  test('hosts that are fine are fine', async () => {
    const { exit, text, json, asked } = await fleet({ 'web-1.internal': STATUS, '10.0.1.11': STATUS });
    expect(exit).toBe(EXIT.fine);
    expect(text[0]).toBe('2 of 2 hosts are fine');
    expect(text[2]).toMatch(/^ +host +enforced +leaks +fill +drift +version +policy$/);
    expect(text[3]).toMatch(/^fine +web-1 +yes +0 +10 % +0 +1\.0\.0 +aaaaaaaaaaaa$/);
    expect(json).toMatchObject({ ok: true, counts: { fine: 2 }, usual: { version: '1.0.0', policy: 'aaaaaaaaaaaa' } });
    // The agent answers to addresses and localhost, whatever name leads to it.
    expect(asked.map(({ url, headers }) => [url, headers])).toEqual([
      ['http://web-1.internal:9469/api/status', { host: 'localhost' }],
      ['http://10.0.1.11:9469/api/status', { host: 'localhost' }],
    ]);
  });

  test('a proxy is asked by its own name', async () => {
    const { asked } = await fleet({}, 'a https://proxy.example:8443\nb http://proxy.example/web-2\n');
    expect(asked.map(({ url, headers }) => [url, headers])).toEqual([
      ['https://proxy.example:8443/api/status', {}],
      ['http://proxy.example/web-2/api/status', {}],
    ]);
  });

  test('one that leaks comes first, and the answer is no', async () => {
    const leaky = { ...STATUS, counters: { leaked: 12 }, leakedLastHour: 2 };
    const { exit, text, json } = await fleet({ 'web-1.internal': STATUS, '10.0.1.11': leaky });
    expect(exit).toBe(EXIT.no);
    expect(text[0]).toBe('1 of 2 hosts leaks, 1 is fine');
    expect(text[3]).toMatch(/^LEAKS +web-2/);
    expect(text).toContain('web-2: 2 packets leaked in the last hour, 12 ever');
    expect(text.at(-1)).toContain('portfence flows --out-of-range');
    expect(json).toMatchObject({ ok: false, hosts: [{ name: 'web-2', leaks: { lastHour: 2, ever: 12 } }, {}] });
  });

  test('a fence that is not in force is a no as well, with its differences', async () => {
    const drifted = { ...STATUS, state: 'restoring', drift: ['chain confine is not there'] };
    const { exit, text } = await fleet({ 'web-1.internal': STATUS, '10.0.1.11': drifted });
    expect(exit).toBe(EXIT.no);
    expect(text[3]).toMatch(/^NOT ENFORCED +web-2 +restoring +0 +10 % +1 /);
    expect(text).toContain('web-2: chain confine is not there');
  });

  test('one that gives no answer is not taken for fine', async () => {
    const { exit, text, json } = await fleet({ 'web-1.internal': STATUS }, HOSTS, ['--timeout', '0.5']);
    expect(exit).toBe(EXIT.refused);
    expect(text[0]).toBe('1 of 2 hosts gives no answer, 1 is fine');
    expect(text).toContain('web-2: no connection within 0.5 s');
    expect(json).toMatchObject({ ok: false, hosts: [{ verdict: 'no-answer', enforced: null }, { verdict: 'fine' }] });
  });

  test('what a host says moves no cursor', async () => {
    const hostile = { ...STATUS, state: '\u001b[2J', drift: ['\u001b]0;x\u0007'], program: '\u202e' };
    const { text, json } = await fleet(
      { 'web-1.internal': hostile, '10.0.1.11': STATUS },
      `\u001b[31mred 10.0.1.11:9469\n${HOSTS.split('\n')[0]}`,
    );
    expect(`${text.join('\n')}${JSON.stringify(json)}`).not.toMatch(/[\u001b\u0007\u202e]|\\u001b/);
  });

  test.each([
    [['fleet'], 'the hosts come from a list or from Prometheus'],
    [
      ['fleet', '--from', 'a', '--prometheus', 'http://127.0.0.1:9090'],
      'the hosts come from a list or from Prometheus',
    ],
    [['fleet', '--from', 'missing.txt'], 'there is no file missing.txt'],
    [['fleet', '--from', 'hosts.txt'], 'hosts.txt:2: "b" has no port'],
  ])('%j is refused', async (args, message) => {
    await expect(inProcess(args, { files: { 'hosts.txt': 'a:1\nb\n' } })).rejects.toThrow(message);
  });
});

describe('portfence fleet --prometheus', () => {
  const ask = (http: (request: HttpRequest) => HttpOutcome) =>
    inProcess(['fleet', '--prometheus', 'http://user:secret@127.0.0.1:9090/'], { http });

  test.each([
    [
      { outcome: 'failed', code: 'ECONNREFUSED', reason: 'x' },
      'Prometheus at http://127.0.0.1:9090 does not answer: nothing listens there',
    ],
    [answer({ hello: 1 }), 'what answers at http://127.0.0.1:9090 is no Prometheus'],
    [
      answer({ status: 'success', data: { result: [] } }),
      'Prometheus at http://127.0.0.1:9090 knows no agent of portfence',
    ],
    [
      answer({ status: 'success', data: { result: 7 } }),
      'Prometheus at http://127.0.0.1:9090 knows no agent of portfence',
    ],
  ] as const)('one that gives %j is refused by its address, without the password', async (outcome, message) => {
    await expect(ask(() => outcome)).rejects.toThrow(message);
  });

  test('labels of other jobs move no cursor, and hosts of two jobs have names of their own', async () => {
    const metric = (job: string) => ({ job, instance: '\u001b[2Jh:9469', version: '1\u001b' });
    const result = ['a', 'b'].map((job) => ({ metric: metric(job), value: [0, '1'] }));
    const { json, text } = await ask(() => answer({ status: 'success', data: { result } }));
    expect(json).toMatchObject({ hosts: [{ name: '?[2Jh:9469 (a)' }, { name: '?[2Jh:9469 (b)' }] });
    expect(text.join('\n')).not.toContain('\u001b');
  });
});
