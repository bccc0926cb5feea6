import { expect, test } from 'vitest';
import { problemsOf } from './problems-of.ts';

const CASES: readonly [text: string, lines: readonly string[]][] = [
  ['', ['p.yaml:1:1: the policy is empty; write at least "ports: 49152-61000"']],
  ['# only\n', ['p.yaml:1:1: the policy is empty; write at least "ports: 49152-61000"']],
  ['- a\n', ['p.yaml:1:1: found a list, expected a mapping of keys to values; write ports: 49152-61000']],
  ['text', ['p.yaml:1:1: found the text "text", expected a mapping of keys to values; write ports: 49152-61000']],
  ['null', ['p.yaml:1:1: the policy is empty; write at least "ports: 49152-61000"']],
  ['42', ['p.yaml:1:1: found the number 42, expected a mapping of keys to values; write ports: 49152-61000']],
  ['---\nports: 1\n---\nports: 2\n', ['p.yaml:3:1: several documents in one file; keep one, without lines of ---']],
  [
    'a: b: c',
    [
      'p.yaml:1:4: a second key or a list begins within a value; write one "key: value" a line, with a space after the colon',
    ],
  ],
  ['ports: [1,', ['p.yaml:1:11: a list is not closed; write ] at its end']],
  ['\tports: 1', ['p.yaml:1:1: a tab as indentation; indent with spaces']],
  ['ports: "abc', ['p.yaml:1:12: a quoted text is not closed; write the closing quote']],
  [
    'ports\nhost: off',
    [
      'p.yaml:1:1: a key without a colon, or one that goes on in the next line; write one "key: value" a line, with a space after the colon',
    ],
  ],
  ['{ports: 49152-61000', ['p.yaml:1:20: a mapping is not closed; write } at its end']],
  ['%YAML 1.1\n---\nports: 49152-61000\n', []],
  ['%FOO\n---\nports: 49152-61000\n', []],
  ['x: @a', ['p.yaml:1:4: a text starts with a sign that YAML reserves; quote the text']],
  ['x: `a', ['p.yaml:1:4: a text starts with a sign that YAML reserves; quote the text']],
  ['x: *', ['p.yaml:1:4: an anchor or alias without a name; quote a text that starts with & or *']],
  ['x: *b', ['p.yaml:1:4: x: an alias (*b), which policies do without; write the value out']],
  ['*a : 1', ['p.yaml:1:1: a key that is not a plain text; write "key: value"']],
  [
    '- - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - - ',
    ['p.yaml:1:1: nested too deeply for a policy; write lists and mappings as in the example'],
  ],
  [
    '\uFEFFprots: 1\n',
    [
      'p.yaml:1:1: ports: is missing; write "ports: 49152-61000"',
      'p.yaml:1:1: prots: unknown key; did you mean ports?',
    ],
  ],
  ['ports: 49152-61000\r\nhost: x\r\n', ['p.yaml:2:7: host: x is none of ephemeral, all, off']],
  [
    'ports: 49152-61000\u0000',
    ['p.yaml:1:8: ports: "49152-61000\\u0000" is neither a port nor a range of ports; write a range like 49152-61000'],
  ],
  ['\u0000', ['p.yaml:1:1: found the text "\\u0000", expected a mapping of keys to values; write ports: 49152-61000']],
  ['ports: |\n  49152-61000\n', []],
  ['...', ['p.yaml:1:1: the policy is empty; write at least "ports: 49152-61000"']],
  ['--- !x\nports: 2000-3000', ['p.yaml:2:1: a tag (!x), which policies do without; remove it']],
  ['a: [1, 2\nb: 3', ['p.yaml:2:1: a list is not closed; write ] at its end']],
  ['x: "\\q"', ['p.yaml:1:5: an unknown escape in a quoted text; write \\\\ for a backslash']],
  [
    '&a a: &a b',
    [
      'p.yaml:1:4: ports: is missing; write "ports: 49152-61000"',
      'p.yaml:1:4: a: unknown key; the keys here are version, ports, protocols, families, uplinks, exempt, host, hostRange, containers, forwarded, guard, listen',
    ],
  ],
  [
    '? ports',
    ['p.yaml:1:3: ports: has no value, expected a range of ports, or a list of ranges; write "ports: 49152-61000"'],
  ],
];

test.each(CASES)('a text that is unusual YAML is read, or reported in a sentence of its own: %j', (text, lines) => {
  expect(problemsOf({ text })).toEqual(lines);
});
