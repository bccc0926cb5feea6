import { expect, test } from 'vitest';
import type { PolicyInput } from '../../src/policy/parse.ts';
import { problemsOf } from './problems-of.ts';

const CASES: readonly [source: string | PolicyInput, lines: readonly string[]][] = [
  [
    'ports: 49152-61000\ncontainers: { interfaces: [] }\n',
    ['p.yaml:2:27: containers.interfaces: is an empty list; write "interfaces: auto"'],
  ],
  [
    'ports: 49152-61000\ncontainers: { interfaces: [docker0, "br-*", lo] }\n',
    ['p.yaml:2:45: containers.interfaces[2]: no container arrives on lo; name a bridge like docker0'],
  ],
  [
    'ports: 49152-61000\ncontainers: { interfaces: [docker0] }\nuplinks: [docker0]\n',
    ['p.yaml:2:28: containers.interfaces[0]: docker0 is an uplink too; keep it in one of the two'],
  ],
  ['ports: 49152-61000\nuplinks: []\n', ['p.yaml:2:10: uplinks: is an empty list; write "uplinks: auto"']],
  [
    'ports: 49152-61000\nuplinks: eth0\n',
    ['p.yaml:2:10: uplinks: found the text "eth0", expected auto or a list of interface names; write [eth0]'],
  ],
  [
    'ports: 49152-61000\nuplinks: Auto\n',
    ['p.yaml:2:10: uplinks: found the text "Auto", expected auto or a list of interface names; did you mean auto?'],
  ],
  [
    'ports: 49152-61000\nuplinks: [auto]\n',
    ['p.yaml:2:11: uplinks[0]: auto is no name of an interface; write auto alone, without a list'],
  ],
  [
    'ports: 49152-61000\nuplinks: [1]\n',
    ['p.yaml:2:11: uplinks[0]: found the number 1, expected the name of an interface; write eth0'],
  ],
  [
    'ports: 49152-61000\nuplinks: [true]\n',
    ['p.yaml:2:11: uplinks[0]: found true, expected the name of an interface; write eth0'],
  ],
  [
    'ports: 49152-61000\nuplinks: [eth0, eth0]\n',
    ['p.yaml:2:17: uplinks[1]: eth0 is listed twice; remove one of the two'],
  ],
  [
    'ports: 49152-61000\nuplinks: [abcdefghijklmnop]\n',
    [
      'p.yaml:2:11: uplinks[0]: abcdefghijklmnop is longer than the 15 characters of an interface name; write a name like eth0, or a glob like "ens*"',
    ],
  ],
  [
    'ports: 49152-61000\nuplinks: [a/b]\n',
    [
      'p.yaml:2:11: uplinks[0]: a/b holds a /, which no interface should have; write a name like eth0, or a glob like "ens*"',
    ],
  ],
  [
    'ports: 49152-61000\nuplinks: ["a b"]\n',
    [
      'p.yaml:2:11: uplinks[0]: a b holds white space, which no interface has; write a name like eth0, or a glob like "ens*"',
    ],
  ],
  [
    'ports: 49152-61000\nuplinks: ["e*h0"]\n',
    [
      'p.yaml:2:11: uplinks[0]: e*h0 is a pattern that can\'t be told to the kernel: only a * at the end can; write "e*"',
    ],
  ],
  [
    'ports: 49152-61000\nuplinks: ["*"]\n',
    ['p.yaml:2:11: uplinks[0]: * means every interface, lo and container bridges included; write auto, or names'],
  ],
  [
    'ports: 49152-61000\nuplinks: ["ens[0-9]"]\n',
    [
      'p.yaml:2:11: uplinks[0]: ens[0-9] is a pattern that can\'t be told to the kernel: only a * at the end can; write "ens*"',
    ],
  ],
  [
    'ports: 49152-61000\nuplinks: [lo]\n',
    ['p.yaml:2:11: uplinks[0]: lo leads nowhere but to this host; name the interface that leads to the network'],
  ],
  [
    'ports: 49152-61000\nuplinks: [""]\n',
    [
      'p.yaml:2:11: uplinks[0]: an empty text is no name of an interface; write a name like eth0, or a glob like "ens*"',
    ],
  ],
  [
    'ports: 49152-61000\nuplinks: [..]\n',
    ['p.yaml:2:11: uplinks[0]: .. can\'t be the name of an interface; write a name like eth0, or a glob like "ens*"'],
  ],
  [
    'ports: 49152-61000\nuplinks: ["a\\"b", "é", "a:b"]\n',
    [
      'p.yaml:2:11: uplinks[0]: a"b holds a ", which no interface should have; write a name like eth0, or a glob like "ens*"',
      'p.yaml:2:19: uplinks[1]: "\\u00e9" holds more than plain ASCII characters; write a name like eth0, or a glob like "ens*"',
      'p.yaml:2:24: uplinks[2]: a:b holds a :, which no interface should have; write a name like eth0, or a glob like "ens*"',
    ],
  ],
  [
    { text: 'ports: 49152-61000\nuplinks: [eth1]', interfaces: ['lo', 'eth0', 'docker0', 'ens5'] },
    ['p.yaml:2:11: uplinks[0]: there is no interface eth1; did you mean eth0? this host has eth0, docker0, ens5'],
  ],
  [
    { text: 'ports: 49152-61000\nuplinks: [ens5, "wlan*"]', interfaces: ['lo', 'eth0', 'docker0', 'ens5'] },
    ['warning: p.yaml:2:17: uplinks[1]: wlan* matches no interface yet; this host has eth0, docker0, ens5'],
  ],
  [
    { text: 'ports: 49152-61000\nuplinks: [zebra9]', interfaces: ['lo', 'eth0', 'docker0', 'ens5'] },
    ['p.yaml:2:11: uplinks[0]: there is no interface zebra9; this host has eth0, docker0, ens5'],
  ],
  [
    {
      text: 'ports: 49152-61000\ncontainers: { interfaces: [docker1] }',
      interfaces: ['lo', 'eth0', 'docker0', 'ens5'],
    },
    ['warning: p.yaml:2:28: containers.interfaces[0]: docker1 matches no interface yet'],
  ],
  [{ text: 'ports: 49152-61000\nuplinks: [eth0]', interfaces: ['lo', 'eth0', 'docker0', 'ens5'] }, []],
];

test.each(CASES)('names of interfaces are reported in their own sentence: %j', (source, lines) => {
  expect(problemsOf(typeof source === 'string' ? { text: source } : source)).toEqual(lines);
});
