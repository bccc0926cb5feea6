import fc from 'fast-check';
import { expect, test } from 'vitest';
import { serversOf, withServers } from '../../../src/cloud/daemon-json/edit.ts';
import { textDiff } from '../../../src/report/text-diff.ts';

const FILE = '/etc/docker/daemon.json';
const put = (text: string, ...servers: string[]) => withServers({ text, file: FILE }, servers);

test.each([
  ['an empty file', '', '{\n  "dns": ["10.0.0.2"]\n}\n'],
  ['blanks', ' \n', '{\n  "dns": ["10.0.0.2"]\n}\n'],
  ['an empty object', '{}\n', '{\n  "dns": ["10.0.0.2"]\n}\n'],
  ['one line', '{"debug": true}', '{"debug": true,"dns": ["10.0.0.2"]}'],
  ['one line with blanks', '{ "debug": true, "mtu": 1400 }', '{ "debug": true, "mtu": 1400, "dns": ["10.0.0.2"] }'],
  ['one line without', '{"a":1,"b":2}', '{"a":1,"b":2,"dns":["10.0.0.2"]}'],
  [
    'four blanks',
    '{\n    "a": {\n        "b": 1\n    }\n}\n',
    '{\n    "a": {\n        "b": 1\n    },\n    "dns": ["10.0.0.2"]\n}\n',
  ],
  ['tabs and no end', '{\n\t"a": 1\n}', '{\n\t"a": 1,\n\t"dns": ["10.0.0.2"]\n}'],
  ['another line end', '{\r\n  "a" : 1\r\n}\r\n', '{\r\n  "a" : 1,\r\n  "dns" : ["10.0.0.2"]\r\n}\r\n'],
  ['a line between', '{\n\n  "a": 1,\n\n  "b": 2\n\n}\n', '{\n\n  "a": 1,\n\n  "b": 2,\n  "dns": ["10.0.0.2"]\n\n}\n'],
  ['the comma first', '{ "a": 1\n, "b": 2\n}', '{ "a": 1\n, "b": 2, "dns": ["10.0.0.2"]\n}'],
])('%s keeps its layout when the key comes', (_, text, after) => {
  expect(put(text, '10.0.0.2')).toBe(after);
});

test.each([
  ['{"dns":["8.8.8.8"],"a":1}', '{"dns":["10.0.0.2", "8.8.8.8"],"a":1}'],
  ['{"dns":["8.8.8.8","9.9.9.9"]}', '{"dns":["10.0.0.2","8.8.8.8"]}'],
  ['{"dns": [ "8.8.8.8" ]}', '{"dns": [ "10.0.0.2", "8.8.8.8" ]}'],
  ['{"dns": []}', '{"dns": ["10.0.0.2", "8.8.8.8"]}'],
  ['{"dns": null}', '{"dns": ["10.0.0.2", "8.8.8.8"]}'],
  ['{\n  "dns": [\n    "8.8.8.8"\n  ]\n}', '{\n  "dns": [\n    "10.0.0.2",\n    "8.8.8.8"\n  ]\n}'],
])('%s keeps its layout when the list changes', (text, after) => {
  expect(put(text, '10.0.0.2', '8.8.8.8')).toBe(after);
});

test.each([
  ['{\n  "dns": ["1.1.1.1"]\n}\n', '{}\n'],
  ['{\n  "dns": ["1.1.1.1"],\n  "a": 1\n}\n', '{\n  "a": 1\n}\n'],
  ['{\n  "a": 1,\n  "dns": ["1.1.1.1"]\n}\n', '{\n  "a": 1\n}\n'],
  ['{"a":1,"dns":["1.1.1.1"],"b":2}', '{"a":1,"b":2}'],
  ['{"a":1}', '{"a":1}'],
])('%s loses the key and its comma', (text, after) => {
  expect(put(text)).toBe(after);
});

const address = fc.ipV4();
const config = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 });
const layout = fc.constantFrom(undefined, 1, 2, 4, '\t');

test('whatever else is in the file means the same afterwards, in the same order', () => {
  fc.assert(
    fc.property(
      config,
      layout,
      fc.option(fc.array(address)),
      fc.array(address, { minLength: 1 }),
      (others, indent, own, wanted) => {
        const before = { ...others, ...(own ? { dns: own } : {}) };
        const text = JSON.stringify(before, null, indent);
        const after = put(text, ...wanted);
        expect(Object.entries(JSON.parse(after))).toEqual(Object.entries({ ...JSON.parse(text), dns: wanted }));
        expect(serversOf({ text: after, file: FILE })).toEqual(wanted);
        expect(put(after, ...wanted)).toBe(after);
        if (!own && Object.keys(others).length > 0 && !('dns' in others)) expect(put(after)).toBe(text);
      },
    ),
  );
});

test.each([
  ['{\n  "a": 1,\n}\n', '3:1: no strict JSON: unexpected token RBrace'],
  ['{\n  // mine\n  "a": 1\n}\n', "2:3: no strict JSON: unexpected character '/'"],
  ["{'a': 1}", '1:2: no strict JSON'],
  ['{"a": 1', '1:8: no strict JSON: unexpected end of input'],
  ['{"a": 1} x', '1:10: no strict JSON'],
  ['{"a":\n "x\ty"}', '2:4: no strict JSON: a control character in a string'],
  ['\ufeff{}', '1:1: no strict JSON'],
  ['[]', '1:1: no strict JSON: it holds an array instead of an object'],
  ['"dns"', '1:1: no strict JSON: it holds a string'],
  ['{"a":1,\n"a":2}', '2:1: no strict JSON: the key "a" stands there twice'],
  ['{"dns":["1.1.1.1"],"dns":[]}', '1:20: no strict JSON: the key "dns" stands there twice'],
  ['{"dns": "10.0.0.2"}', '1:9: dns is no list of addresses'],
  ['{"dns": [2]}', '1:9: dns is no list of addresses'],
])('%j is refused with its place', (text, message) => {
  expect(() => put(text, '10.0.0.2')).toThrow(
    expect.objectContaining({ code: 'DAEMON_JSON', message: expect.stringContaining(`${FILE}:${message}`) }),
  );
});

test('what is no JSON never gets through, and what is always does', () => {
  const sample = '{"a": [1, -2.5e3, null], "dns": ["1.1.1.1"], "b": {"c": "\\u00e9\\n"}}';
  const mutated = fc
    .tuple(fc.nat(sample.length), fc.nat(3), fc.string({ maxLength: 3 }))
    .map(([at, cut, put]) => sample.slice(0, at) + put + sample.slice(at + cut));
  fc.assert(
    fc.property(fc.oneof(mutated, fc.string()), (text) => {
      const isObject = (() => {
        try {
          const value: unknown = JSON.parse(text);
          return typeof value === 'object' && value !== null && !Array.isArray(value);
        } catch {
          return /^[ \t\r\n]*$/.test(text);
        }
      })();
      let after: string | undefined;
      try {
        after = put(text, '10.0.0.2');
      } catch (error) {
        expect(error).toMatchObject({ code: 'DAEMON_JSON' });
      }
      if (!isObject) expect(after).toBeUndefined();
      if (after !== undefined) expect(JSON.parse(after).dns).toEqual(['10.0.0.2']);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['[', ']'],
  ['{"a":', '}'],
])('a file of a hundred thousand %s ends in one clear error', (open, close) => {
  const count = 100_000;
  expect(() => put(`{"x":${open.repeat(count)}1${close.repeat(count)}}`, '10.0.0.2')).toThrow(
    expect.objectContaining({ code: 'DAEMON_JSON' }),
  );
  expect(() => put(`${' '.repeat(2_000_000)}{}`, '10.0.0.2')).toThrow('larger than');
});

test('a difference is told as diff(1) tells it', () => {
  const before = '{\n\t"a": 1\n}';
  expect(textDiff(FILE, before, put(before, '10.0.0.2'))).toEqual([
    `--- ${FILE}`,
    `+++ ${FILE}`,
    '@@ -1,3 +1,4 @@',
    ' {',
    '-\t"a": 1',
    '+\t"a": 1,',
    '+\t"dns": ["10.0.0.2"]',
    ' }',
    '\\ No newline at end of file',
  ]);
  expect(textDiff(FILE, undefined, '{}\n')).toEqual(['--- /dev/null', `+++ ${FILE}`, '@@ -0,0 +1,1 @@', '+{}']);
  expect(textDiff(FILE, '{}\n', '{}\n')).toEqual([]);
});
