import { expect, test } from 'vitest';
import { problemsOf } from './problems-of.ts';

const CASES: readonly [text: string, lines: readonly string[]][] = [
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.1/8"\n',
    ['p.yaml:4:7: exempt.destinations[0]: 10.0.0.1/8 has host bits; write 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "010.0.0.0/8"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: 010.0.0.0/8 has leading zeros, which some programs read as octal; write 10.0.0.0/8',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "010.0.0.1/8"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: 010.0.0.1/8 has leading zeros, which some programs read as octal; write 10.0.0.0/8',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.300"\n',
    ['p.yaml:4:7: exempt.destinations[0]: 300 in 10.0.0.300 is above 255; write an address or a block like 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "300.0.0.0/8"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: 300 in 300.0.0.0/8 is above 255; write an address or a block like 10.0.0.0/8',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.0/33"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: /33 in 10.0.0.0/33 is longer than the 32 bits of an address; write a length from 0 to 32',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.0/08"\n',
    ['p.yaml:4:7: exempt.destinations[0]: /08 in 10.0.0.0/08 has leading zeros; write 10.0.0.0/8'],
  ],
  ['ports: 49152-61000\nexempt:\n  destinations:\n    - "2001:DB8::/32"\n', []],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "2001:db8::1/32"\n',
    ['p.yaml:4:7: exempt.destinations[0]: 2001:db8::1/32 has host bits; write 2001:db8::/32'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "2001:db8::/129"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: /129 in 2001:db8::/129 is longer than the 128 bits of an address; write a length from 0 to 128',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "2001:db8::/032"\n',
    ['p.yaml:4:7: exempt.destinations[0]: /032 in 2001:db8::/032 has leading zeros; write 2001:db8::/32'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "::/0"\n',
    [
      'warning: p.yaml:4:7: exempt.destinations[0]: ::/0 exempts every IPv6 destination, so that nothing is fenced there; exempt less, or leave the family out of families',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "0.0.0.0/0"\n',
    [
      'warning: p.yaml:4:7: exempt.destinations[0]: 0.0.0.0/0 exempts every IPv4 destination, so that nothing is fenced there; exempt less, or leave the family out of families',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.0/"\n',
    ['p.yaml:4:7: exempt.destinations[0]: 10.0.0.0/ is not an address; write an address or a block like 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.0/8/8"\n',
    ['p.yaml:4:7: exempt.destinations[0]: 10.0.0.0/8/8 is not an address; write an address or a block like 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.1/16"\n',
    ['p.yaml:4:7: exempt.destinations[0]: 10.1/16 is not a whole address; write all four numbers: 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10"\n',
    ['p.yaml:4:7: exempt.destinations[0]: 10 is not a whole address; write all four numbers: 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.5"\n',
    ['p.yaml:4:7: exempt.destinations[0]: 10.5 is not a whole address; write all four numbers: 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "::ffff:10.0.0.1"\n',
    ['p.yaml:4:7: exempt.destinations[0]: ::ffff:10.0.0.1 is an IPv4 block in IPv6 form; write 10.0.0.1/32'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "::ffff:10.0.0.0/104"\n',
    ['p.yaml:4:7: exempt.destinations[0]: ::ffff:10.0.0.0/104 is an IPv4 block in IPv6 form; write 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "fe80::1%eth0"\n',
    ['p.yaml:4:7: exempt.destinations[0]: fe80::1%eth0 names a zone; write it without %eth0'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "example.com"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: example.com is a name, and names are not looked up; write an address or a block like 10.0.0.0/8',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.0/255.0.0.0"\n',
    ['p.yaml:4:7: exempt.destinations[0]: 10.0.0.0/255.0.0.0 has a mask instead of a prefix length; write 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.0/255.0.255.0"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: 10.0.0.0/255.0.255.0 has a mask instead of a prefix length; write an address or a block like 10.0.0.0/8',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.0-10.0.0.9"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: 10.0.0.0-10.0.0.9 is a range of addresses; write an address or a block like 10.0.0.0/8',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "1::2::3"\n',
    ['p.yaml:4:7: exempt.destinations[0]: 1::2::3 is not an IPv6 address; write a block like 2001:db8::/32'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "zz"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: zz is a name, and names are not looked up; write an address or a block like 10.0.0.0/8',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.0/+8"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: /+8 in 10.0.0.0/+8 is not a prefix length; write an address or a block like 10.0.0.0/8',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - ""\n',
    ['p.yaml:4:7: exempt.destinations[0]: an empty text is no address; write an address or a block like 10.0.0.0/8'],
  ],
  ['ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.7"\n', []],
  ['ports: 49152-61000\nexempt:\n  destinations:\n    - "2001:db8::7"\n', []],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.0/x"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: /x in 10.0.0.0/x is not a prefix length; write an address or a block like 10.0.0.0/8',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "localhost"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: localhost is a name, and names are not looked up; write an address or a block like 10.0.0.0/8',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.0 /8"\n',
    ['p.yaml:4:7: exempt.destinations[0]: 10.0.0.0 /8 is not an address; write an address or a block like 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - [x]\n',
    ['p.yaml:4:7: exempt.destinations[0]: found a list, expected an address or a block; write 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - true\n',
    ['p.yaml:4:7: exempt.destinations[0]: found true, expected an address or a block; write 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "/8"\n',
    ['p.yaml:4:7: exempt.destinations[0]: /8 is not an address; write an address or a block like 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "::ffff:0:0/95"\n',
    ['p.yaml:4:7: exempt.destinations[0]: ::ffff:0:0/95 has host bits; write ::fffe:0:0/95'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "0x0a000001"\n',
    ['p.yaml:4:7: exempt.destinations[0]: 0x0a000001 is not an address; write an address or a block like 10.0.0.0/8'],
  ],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "10.0.0.256/33"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: 256 in 10.0.0.256/33 is above 255; write an address or a block like 10.0.0.0/8',
    ],
  ],
  ['ports: 49152-61000\nexempt:\n  destinations:\n    - "2001:0db8::/32"\n', []],
  [
    'ports: 49152-61000\nexempt:\n  destinations:\n    - "010.0.0.0/40"\n',
    [
      'p.yaml:4:7: exempt.destinations[0]: 010.0.0.0/40 has leading zeros, which some programs read as octal; write an address or a block like 10.0.0.0/8',
    ],
  ],
  [
    'ports: 49152-61000\nexempt: { destinations: [10.0.0.0/8, 10.1.0.0/16, 10.0.0.0/8, 10.1.2.3, "2001:db8::/32", "2001:DB8:0::/32"] }',
    [
      'p.yaml:2:51: exempt.destinations[2]: 10.0.0.0/8 is listed twice; remove one of the two',
      'p.yaml:2:90: exempt.destinations[5]: 2001:db8::/32 is listed twice; remove one of the two',
    ],
  ],
  [
    'host: off\nexempt:\n  destinations:\n  - 10.0.0.1/8\n  sourcePorts: [0]\nports: 61000-49152\nzzz: 1\n',
    [
      'p.yaml:4:5: exempt.destinations[0]: 10.0.0.1/8 has host bits; write 10.0.0.0/8',
      'p.yaml:5:17: exempt.sourcePorts[0]: 0 is not a port; write ports from 1 to 65535',
      'p.yaml:6:8: ports: 61000-49152 runs backwards; write 49152-61000',
      'p.yaml:7:1: zzz: unknown key; the keys here are version, ports, protocols, families, uplinks, exempt, host, hostRange, containers, forwarded, guard, listen',
    ],
  ],
  [
    'ports: 49152-61000\nexempt: { destinations: [10.0.0.0/8, 10.1.0.0/16, 10.1.2.3] }',
    [
      'warning: p.yaml:2:38: exempt.destinations[1]: 10.1.0.0/16 lies within 10.0.0.0/8, which is listed too; remove it',
      'warning: p.yaml:2:51: exempt.destinations[2]: 10.1.2.3/32 lies within 10.0.0.0/8, which is listed too; remove it',
    ],
  ],
];

test.each(CASES)('addresses and blocks are reported in their own sentence: %j', (text, lines) => {
  expect(problemsOf({ text })).toEqual(lines);
});
