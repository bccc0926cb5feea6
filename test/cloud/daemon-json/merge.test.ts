import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withServers } from '../../../src/cloud/daemon-json/edit.ts';
import { beforeUs, digest, mergeServers, type PresentDaemonJson } from '../../../src/cloud/daemon-json/merge.ts';
import { readRecord } from '../../../src/cloud/daemon-json/record.ts';

const FILE = '/etc/docker/daemon.json';
const NOTHING: PresentDaemonJson = { file: FILE, text: undefined, record: undefined, backup: undefined };

/** What is there once a merge has been written. */
function written(present: PresentDaemonJson, wanted: readonly string[]): PresentDaemonJson {
  const { text, added, before } = mergeServers(present, wanted);
  const record = { version: 1, added, existed: before !== undefined, wrote: digest(text), unread: null } as const;
  return { file: FILE, text, record, backup: before };
}

test('the resolver comes before those that are there, which stay', () => {
  const text = '{"dns": ["8.8.8.8"]}';
  expect(mergeServers({ ...NOTHING, text }, ['10.0.0.2']).servers).toEqual(['10.0.0.2', '8.8.8.8']);
  const there = { ...NOTHING, text: '{"dns": ["8.8.8.8", "10.0.0.2"]}' };
  expect(mergeServers(there, ['10.0.0.2'])).toMatchObject({ text: there.text, added: [] });
});

test('an address in another spelling is the same address', () => {
  const text = '{"dns": ["FD00:EC2:0::253"]}';
  expect(mergeServers({ ...NOTHING, text }, ['fd00:ec2::253']).text).toBe(text);
});

test('an image that wakes up in another VPC gets its resolver instead of the old one', () => {
  const first = written({ ...NOTHING, text: '{"dns": ["8.8.8.8"]}' }, ['10.0.0.2']);
  const second = written(first, ['10.99.0.2']);
  expect(second.text).toBe('{"dns": ["10.99.0.2", "8.8.8.8"]}');
  expect(beforeUs(second)).toBe('{"dns": ["8.8.8.8"]}');
});

test('what others changed since stays when ours goes', () => {
  const ours = written({ ...NOTHING, text: '{\n  "debug": true\n}\n' }, ['10.0.0.2']);
  const changed = { ...ours, text: '{\n  "debug": false,\n  "dns": ["10.0.0.2", "9.9.9.9"]\n}\n' };
  expect(beforeUs(changed)).toBe('{\n  "debug": false,\n  "dns": ["9.9.9.9"]\n}\n');
  expect(beforeUs(written(changed, ['10.0.0.2']))).toBe('{\n  "debug": false,\n  "dns": ["9.9.9.9"]\n}\n');
});

test('a file that was not there goes again, unless somebody uses it meanwhile', () => {
  const ours = written(NOTHING, ['10.0.0.2']);
  expect(beforeUs(ours)).toBeUndefined();
  expect(beforeUs({ ...ours, text: '{"dns":["10.0.0.2"]}' })).toBeUndefined();
  expect(beforeUs({ ...ours, text: '{"dns":["10.0.0.2"],"mtu":1400}' })).toBe('{"mtu":1400}');
  expect(beforeUs({ ...ours, text: undefined })).toBeUndefined();
});

const text = fc.option(
  fc
    .tuple(
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
      fc.option(fc.array(fc.ipV4())),
      fc.constantFrom(undefined, 2),
    )
    .map(([others, dns, indent]) => JSON.stringify({ ...others, ...(dns ? { dns } : {}) }, null, indent)),
  { nil: undefined },
);
const wanted = fc.uniqueArray(fc.ipV4(), { minLength: 1, maxLength: 3 });

test('merging twice changes nothing more, and removing puts back every character', () => {
  fc.assert(
    fc.property(text, fc.array(wanted, { minLength: 1, maxLength: 4 }), (before, wishes) => {
      const start = {
        ...NOTHING,
        text: before === undefined ? undefined : withServers({ text: before, file: FILE }, serversIn(before)),
      };
      let present: PresentDaemonJson = start;
      for (const wish of wishes) {
        present = written(present, wish);
        expect(mergeServers(present, wish).text).toBe(present.text);
        expect(mergeServers(present, wish).servers).toEqual(expect.arrayContaining([...wish]));
      }
      expect(beforeUs(present)).toBe(start.text);
    }),
  );
});

const serversIn = (json: string): readonly string[] => (JSON.parse(json) as { dns?: string[] }).dns ?? [];

test.each(['', '[]', '{"version":2}', '{"version":1,"added":[2],"existed":true,"wrote":"","unread":null}'])(
  'the record %j is refused',
  (record) => {
    expect(() => readRecord(record, 'record')).toThrow('damaged');
  },
);
