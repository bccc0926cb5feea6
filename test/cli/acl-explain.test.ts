import { expect, test } from 'vitest';
import { EXIT } from '../../src/errors.ts';
import { inProcess } from '../support/in-process.ts';

const TABLE = `
acl web vpc vpc-1
  subnet subnet-web 10.0.1.0/24
  out 50 deny udp any any
  out 100 allow tcp 443 0.0.0.0/0
  in 90 deny tcp 50000-50999 203.0.113.0/24
  in 100 allow tcp 49152-61000 0.0.0.0/0
acl nat vpc vpc-1
  subnet subnet-nat 10.0.2.0/24
  in 100 allow tcp 443 10.0.1.0/24
`;
const explain = (flow: string, ...args: string[]) =>
  inProcess(['acl', 'explain', flow, '--file', 'acls.txt', ...args], { files: { 'acls.txt': TABLE } });

test('a connection and its answer are told entry by entry, the subnet found by the source address', async () => {
  const { exit, json, text } = await explain('tcp 10.0.1.10:40001 > 203.0.113.10:443');
  expect(exit).toBe(EXIT.no);
  expect(json).toMatchObject({
    ...{ verdict: 'drop', certain: true, unfiltered: null },
    packets: [
      { acl: 'web', direction: 'outbound', port: 443, verdict: 'pass', decidedBy: [{ number: 100 }] },
      { direction: 'inbound', port: 40_001, verdict: 'drop', decidedBy: [{ number: null, implicit: true }] },
    ],
  });
  expect(text).toEqual([
    'web, outbound: tcp to 203.0.113.10, destination port 443, passes',
    '      50   deny udp to 0.0.0.0/0       (only udp)',
    '  =>  100  allow tcp 443 to 0.0.0.0/0',
    '',
    'web, inbound: tcp from 203.0.113.10, destination port 40001, is dropped',
    '      90   deny tcp 50000-50999 from 203.0.113.0/24  (not port 40001)',
    '      100  allow tcp 49152-61000 from 0.0.0.0/0      (not port 40001)',
    '  =>       deny what no entry matches',
    '',
    'the connection gets no answer: dropped inbound at web',
  ]);
});

test('what passes is fine, and the peer’s ACL is passed too where its subnet is named', async () => {
  const flow = 'tcp 10.0.1.10:50100 > 10.0.2.7:443';
  expect(await explain(flow)).toMatchObject({ exit: EXIT.fine, json: { verdict: 'pass' } });
  const { exit, json, text } = await explain(flow, '--peer-subnet', 'subnet-nat');
  expect([exit, json]).toMatchObject([
    EXIT.no,
    {
      packets: [
        { acl: 'web' },
        { acl: 'nat', verdict: 'pass' },
        { acl: 'nat', verdict: 'drop' },
        { acl: 'web', verdict: 'pass' },
      ],
    },
  ]);
  expect(text.at(-1)).toBe('the connection gets no answer: dropped outbound at nat');
});

test('an address that nobody in the subnet has is told', async () => {
  const { notes, json } = await explain('tcp 10.0.9.9:50000 > 192.0.2.1:443', '--subnet', 'subnet-web');
  expect(notes).toEqual(['note: 10.0.9.9 is not in subnet-web (10.0.1.0/24)']);
  expect(json).toMatchObject({ notes: ['10.0.9.9 is not in subnet-web (10.0.1.0/24)'] });
  const { notes: none } = await explain('tcp 10.0.1.9:50000 > 192.0.2.1:443', '--subnet', 'subnet-web');
  expect(none).toEqual([]);
});

test('what is no flow is refused, interfaces too: an ACL knows none', async () => {
  await expect(explain('tcp 10.0.1.10:40001 > 192.0.2.1:443 out eth0')).rejects.toThrow('knows no interfaces');
  await expect(explain('tcp nonsense')).rejects.toThrow(/is not a flow/);
  await expect(explain('tcp nonsense')).rejects.toMatchObject({ hint: expect.not.stringContaining("'in br-lan'") });
});
