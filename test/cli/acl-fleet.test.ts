import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import type { HttpOutcome, HttpRequest } from '../../src/system/system.ts';
import { inProcess } from '../support/in-process.ts';

const ACLS = `
acl wide
  subnet subnet-wide 10.0.1.0/24
  out 100 allow tcp 443 0.0.0.0/0
  in  100 allow tcp 32768-61000 0.0.0.0/0
acl narrow
  subnet subnet-narrow 10.0.2.0/24
  out 100 allow tcp 443 0.0.0.0/0
  in  100 allow tcp 49152-55075 0.0.0.0/0
`;
const status = (address: string, change: object = {}, policy: object = {}): object => ({
  ...{ state: 'inSync', ...change },
  policy: {
    ...{ digest: 'a', ports: ['49152-61000'], protocols: ['tcp', 'udp'], families: ['ipv4', 'ipv6'], exempt: [] },
    ...{ plainPorts: ['32768-60999'], addresses: [`${address}/24`], ...policy },
  },
});
const answer = (document: unknown): HttpOutcome => ({ outcome: 'answer', status: 200, body: JSON.stringify(document) });

/** Asks about hosts by name; one without a document is silent. */
const check = (hosts: Readonly<Record<string, object | undefined>>, args: readonly string[] = [], acls = ACLS) => {
  const list = Object.keys(hosts).map((name) => `${name} ${name}:9469\n`);
  const http = ({ url }: HttpRequest): HttpOutcome => {
    const document = hosts[new URL(url).hostname];
    return document === undefined ? { outcome: 'silence', connected: true } : answer(document);
  };
  const files = { 'acls.txt': acls, 'hosts.txt': list.join('') };
  return inProcess(['acl', 'check', '--file', 'acls.txt', '--fleet', 'hosts.txt', ...args], { files, http });
};

describe('portfence acl check --fleet', () => {
  test('each host is judged by the ACL of the subnet that its address is in', async () => {
    const { exit, json, text } = await check({ a: status('10.0.1.10'), b: status('10.0.2.10') });
    expect(exit).toBe(EXIT.no);
    expect(text[0]).toBe('1 of 2 hosts loses answers, 1 fits');
    expect(text[3]).toMatch(
      /^BREAKS +b +subnet-narrow +narrow +50 % +49152-61000 +49152-55075 +443\/tcp at 0\.0\.0\.0\/0$/,
    );
    expect(json).toMatchObject({
      fits: false,
      hosts: [
        { name: 'b', verdict: 'breaks', hangingPercent: 50, recommended: '49152-55075' },
        { name: 'a', verdict: 'fits', hangingPercent: 0, subnet: 'subnet-wide' },
      ],
    });
  });

  test('all that fit is fine, and a host that does not answer is not known', async () => {
    expect((await check({ a: status('10.0.1.10') })).exit).toBe(EXIT.fine);
    const { exit, text } = await check({ a: status('10.0.1.10'), gone: undefined });
    expect(exit).toBe(EXIT.refused);
    expect(text[0]).toBe('1 of 2 hosts gives no answer, 1 fits');
    expect(text[3]).toMatch(/^NO ANSWER +gone .*no answer within 3 s$/);
  });

  test('a host without a fence is judged by its own range, one with exemptions by both', async () => {
    const { json } = await check(
      {
        removed: status('10.0.2.10', { state: 'removed' }),
        exempt: status(
          '10.0.1.10',
          {},
          { ports: ['40000-45000'], exempt: ['198.51.100.0/24'], plainPorts: ['20000-30000'] },
        ),
      },
      ['--peer', '198.51.100.7'],
    );
    expect(json).toMatchObject({
      hosts: [
        { name: 'exempt', verdict: 'breaks', hangingPercent: 100 },
        { name: 'removed', verdict: 'breaks', ports: ['32768-60999'], hangingPercent: 79 },
      ],
    });
  });

  test('a host in two subnets is judged by the worse one', async () => {
    const both = status('10.0.1.10', {}, { addresses: ['10.0.1.10/24', '10.0.2.10/24'] });
    expect((await check({ both })).json).toMatchObject({ hosts: [{ verdict: 'breaks', subnet: 'subnet-narrow' }] });
  });

  test('a host of which no subnet is known is not taken for safe; the list or a flag names it', async () => {
    const stranger = status('192.0.2.1');
    const { exit, json } = await check({ stranger });
    expect(exit).toBe(EXIT.no);
    expect(json).toMatchObject({ hosts: [{ verdict: 'unsure', problem: 'it is not said which ACL is meant' }] });
    expect((await check({ stranger }, ['--subnet', 'subnet-wide'])).exit).toBe(EXIT.fine);
    const list = 'hosts:\n  stranger: { address: stranger:9469, subnet: subnet-narrow }\n';
    const named = await inProcess(['acl', 'check', '--file', 'acls.txt', '--fleet', 'hosts.yaml'], {
      files: { 'acls.txt': ACLS, 'hosts.yaml': list },
      http: () => answer(stranger),
    });
    expect(named.json).toMatchObject({ hosts: [{ verdict: 'breaks', subnet: 'subnet-narrow' }] });
  });

  test.each([
    { state: 'inSync' },
    [],
    7,
    status('10.0.1.10', {}, { ports: ['x'] }),
    status('10.0.1.10', {}, { plainPorts: [] }),
  ])('an agent that tells %j does not tell which ports are in use', async (document) => {
    const { exit, json } = await check({ a: document as object });
    expect(exit).toBe(EXIT.refused);
    expect(json).toMatchObject({
      hosts: [{ verdict: 'no-answer', problem: 'its agent does not tell which ports are in use' }],
    });
  });

  test('the ports of one host do not go with a fleet', async () => {
    await expect(check({ a: status('10.0.1.10') }, ['--ports', '49152-61000'])).rejects.toThrow(
      '--fleet asks each host',
    );
  });
});
