import { expect, test } from 'vitest';
import { problemsOf } from './problems-of.ts';

const CASES: readonly [text: string, lines: readonly string[]][] = [
  ['version: 1\nports: 61000-49152\n', ['p.yaml:2:8: ports: 61000-49152 runs backwards; write 49152-61000']],
  [
    'version: 1\nports: \n',
    ['p.yaml:2:8: ports: has no value, expected a range of ports, or a list of ranges; write "ports: 49152-61000"'],
  ],
  [
    'version: 1\nports: ~\n',
    ['p.yaml:2:8: ports: has no value, expected a range of ports, or a list of ranges; write "ports: 49152-61000"'],
  ],
  ['version: 1\nports: 0x400\n', ['p.yaml:2:8: ports: 0x400 is not written in plain digits; write 1024']],
  [
    'version: 1\nports: 1e3\n',
    ['p.yaml:2:8: ports: 1e3 is not written in plain digits; write a range like 49152-61000'],
  ],
  ['version: 1\nports: 49_152\n', ['p.yaml:2:8: ports: 49_152 is not written in plain digits; write 49152']],
  ['version: 1\nports: 49152.0\n', ['p.yaml:2:8: ports: 49152.0 is not written in plain digits; write 49152']],
  [
    'version: 1\nports: 49152.5\n',
    ['p.yaml:2:8: ports: 49152.5 is not a whole number; write a range like 49152-61000'],
  ],
  ['version: 1\nports: -5\n', ['p.yaml:2:8: ports: -5 has a sign, ports have none; write a range like 49152-61000']],
  ['version: 1\nports: +5\n', ['p.yaml:2:8: ports: +5 has a sign, ports have none; write a range like 49152-61000']],
  ['version: 1\nports: 0\n', ['p.yaml:2:8: ports: 0 is not a port; write ports from 1024 to 65535']],
  [
    'version: 1\nports: 70000\n',
    ['p.yaml:2:8: ports: 70000 is above 65535, the highest port; write ports from 1024 to 65535'],
  ],
  [
    'version: 1\nports: 80\n',
    ['p.yaml:2:8: ports: 80 is below 1024, the lowest port allowed here; write ports from 1024 to 65535'],
  ],
  [
    'version: 1\nports: 443-70000\n',
    ['p.yaml:2:8: ports: 443-70000 reaches below 1024 and above 65535; write 1024-65535'],
  ],
  [
    'version: 1\nports: 80-2000\n',
    ['p.yaml:2:8: ports: 80-2000 reaches below 1024, the lowest port allowed here; write 1024-2000'],
  ],
  [
    'version: 1\nports: 60000-70000\n',
    ['p.yaml:2:8: ports: 60000-70000 reaches above 65535, the highest port; write 60000-65535'],
  ],
  [
    'version: 1\nports: 1-80\n',
    ['p.yaml:2:8: ports: 1-80 reaches below 1024, the lowest port allowed here; write ports from 1024 to 65535'],
  ],
  ['version: 1\nports: 00443\n', ['p.yaml:2:8: ports: 00443 has leading zeros; write ports from 1024 to 65535']],
  ['version: 1\nports: 02000-3000\n', ['p.yaml:2:8: ports: 02000-3000 has leading zeros; write 2000-3000']],
  [
    'version: 1\nports: "49152-61000,62000-62999"\n',
    [
      'p.yaml:2:8: ports: 49152-61000,62000-62999 is several ranges in one text; write a list: [49152-61000, 62000-62999]',
    ],
  ],
  ['version: 1\nports: 49152:61000\n', ['p.yaml:2:8: ports: 49152:61000 is not written as a range; write 49152-61000']],
  [
    'version: 1\nports: 49152–61000\n',
    ['p.yaml:2:8: ports: "49152\\u201361000" is not written as a range; write 49152-61000'],
  ],
  ['version: 1\nports: 49152 61000\n', ['p.yaml:2:8: ports: 49152 61000 is not written as a range; write 49152-61000']],
  ['version: 1\nports: 49152-\n', ['p.yaml:2:8: ports: 49152- has no end; write a range like 49152-61000']],
  [
    'version: 1\nports: abc\n',
    ['p.yaml:2:8: ports: abc is neither a port nor a range of ports; write a range like 49152-61000'],
  ],
  [
    'version: 1\nports: true\n',
    ['p.yaml:2:8: ports: found true, expected a range of ports, or a list of ranges; write 49152-61000'],
  ],
  [
    'version: 1\nports: { acl: auto }\n',
    ['p.yaml:2:8: ports: a network ACL is not asked here; write the range: 49152-61000'],
  ],
  [
    'version: 1\nports: { from: 1 }\n',
    ['p.yaml:2:8: ports: found a mapping, expected a range of ports, or a list of ranges; write 49152-61000'],
  ],
  ['version: 1\nports: []\n', ['p.yaml:2:8: ports: is an empty list; write "ports: 49152-61000"']],
  ['version: 1\nports: [[1]]\n', ['p.yaml:2:9: ports[0]: found a list, expected a range or a port; write 49152-61000']],
  [
    'version: 1\nports: [49152-50000, 50000-51000]\n',
    ['p.yaml:2:22: ports[1]: 50000-51000 overlaps 49152-50000; write 49152-51000 for both'],
  ],
  [
    'version: 1\nports: [49152-50000, 49152-50000]\n',
    ['p.yaml:2:22: ports[1]: 49152-50000 is listed twice; remove one of the two'],
  ],
  ['version: 1\nports: [50001-50100, 49152-50000]\n', []],
  [
    'version: 1\nports: [60000-61000, 49152-60500, 70000, true]\n',
    [
      'p.yaml:2:22: ports[1]: 49152-60500 overlaps 60000-61000; write 49152-61000 for both',
      'p.yaml:2:35: ports[2]: 70000 is above 65535, the highest port; write ports from 1024 to 65535',
      'p.yaml:2:42: ports[3]: found true, expected a range or a port; write 49152-61000',
    ],
  ],
  [
    'version: 1\nports: 2000-2009\n',
    ['warning: p.yaml:2:8: ports: only 10 ports for every connection that leaves; 64 or more are advisable'],
  ],
  [
    'version: 1\nports: 1024\n',
    ['warning: p.yaml:2:8: ports: only 1 port for every connection that leaves; 64 or more are advisable'],
  ],
  [
    'version: 1\nports: [2000-2009, 80-90]\n',
    ['p.yaml:2:20: ports[1]: 80-90 reaches below 1024, the lowest port allowed here; write ports from 1024 to 65535'],
  ],
  [
    'version: 1\nports: 99999999999999999999\n',
    ['p.yaml:2:8: ports: 99999999999999999999 is above 65535, the highest port; write ports from 1024 to 65535'],
  ],
  [
    'version: 1\nports: 0b11\n',
    ['p.yaml:2:8: ports: 0b11 is not written in plain digits; write a range like 49152-61000'],
  ],
  ['version: 1\nports: 1_0.5e2\n', ['p.yaml:2:8: ports: 1_0.5e2 is not written in plain digits; write 1050']],
  [
    'version: 1\nports: "4\\u00e9\\n"\n',
    ['p.yaml:2:8: ports: "4\\u00e9" is neither a port nor a range of ports; write a range like 49152-61000'],
  ],
  ['version: 1\nports: 49152-61000 # c\n', []],
  ['version: 1\nports: 49152 - 61000\n', []],
  ['version: 1\nports: [1024, 0x401]\n', ['p.yaml:2:15: ports[1]: 0x401 is not written in plain digits; write 1025']],
  [
    'version: 1\nports: 65535-65536\n',
    ['p.yaml:2:8: ports: 65535-65536 reaches above 65535, the highest port; write 65535'],
  ],
  [
    'version: 1\nports: .inf\n',
    ['p.yaml:2:8: ports: .inf is neither a port nor a range of ports; write a range like 49152-61000'],
  ],
  [
    'version: 1\nports: 2001-12-14\n',
    ['p.yaml:2:8: ports: 2001-12-14 is neither a port nor a range of ports; write a range like 49152-61000'],
  ],
  [
    'version: 1\nports: 1024-1e5\n',
    ['p.yaml:2:8: ports: 1024-1e5 is neither a port nor a range of ports; write a range like 49152-61000'],
  ],
  ['ports: 49152-61000\nhostRange: always\n', []],
  [
    'ports: 49152-61000\nexempt: { sourcePorts: [0, 70000, 20-10, 123, 123, "1-5", 3] }\n',
    [
      'p.yaml:2:25: exempt.sourcePorts[0]: 0 is not a port; write ports from 1 to 65535',
      'p.yaml:2:28: exempt.sourcePorts[1]: 70000 is above 65535, the highest port; write ports from 1 to 65535',
      'p.yaml:2:35: exempt.sourcePorts[2]: 20-10 runs backwards; write 10-20',
      'p.yaml:2:47: exempt.sourcePorts[4]: 123 is listed twice; remove one of the two',
      'p.yaml:2:59: exempt.sourcePorts[6]: 3 overlaps 1-5; write 1-5 for both',
    ],
  ],
  [
    'ports: [49152-49161, 49170]\nhostRange: always\n',
    [
      'warning: p.yaml:1:8: ports: only 11 ports for every connection that leaves; 64 or more are advisable',
      "warning: p.yaml:2:12: hostRange: always gives the host's own programs 11 ports to connect from, fewer than 1,024; write auto, or allow more ports",
    ],
  ],
  [
    'ports: 2000-3000\nhostRange: always\n',
    [
      "warning: p.yaml:2:12: hostRange: always gives the host's own programs 1001 ports to connect from, fewer than 1,024; write auto, or allow more ports",
    ],
  ],
  [
    'ports: 49152-61000\nexempt: { sourcePorts: 1024-65536 }\n',
    ['p.yaml:2:24: exempt.sourcePorts: 1024-65536 reaches above 65535, the highest port; write 1024-65535'],
  ],
  [
    'ports: 2000-3000..4000\n',
    ['p.yaml:1:8: ports: 2000-3000..4000 is neither a port nor a range of ports; write a range like 49152-61000'],
  ],
  ['ports: 2000..3000\n', ['p.yaml:1:8: ports: 2000..3000 is not written as a range; write 2000-3000']],
  ['ports: 2000 to 3000\n', ['p.yaml:1:8: ports: 2000 to 3000 is not written as a range; write 2000-3000']],
];

test.each(CASES)('ports and ranges of ports are reported in their own sentence: %j', (text, lines) => {
  expect(problemsOf({ text })).toEqual(lines);
});
