import { expect, test } from 'vitest';
import { problemsOf } from './problems-of.ts';

const CASES: readonly [text: string, lines: readonly string[]][] = [
  ['ports: 49152-61000\nprotocols: []\n', ['p.yaml:2:12: protocols: is an empty list; write "protocols: [tcp, udp]"']],
  [
    'ports: 49152-61000\nprotocols: tcp\n',
    ['p.yaml:2:12: protocols: found the text "tcp", expected a list of protocols; write [tcp]'],
  ],
  [
    'ports: 49152-61000\nprotocols: [tpc]\n',
    ['p.yaml:2:13: protocols[0]: tpc is none of tcp, udp, sctp; did you mean tcp?'],
  ],
  [
    'ports: 49152-61000\nprotocols: [tcp, tcp]\n',
    ['p.yaml:2:18: protocols[1]: tcp is listed twice; remove one of the two'],
  ],
  ['ports: 49152-61000\nprotocols: [icmp]\n', ['p.yaml:2:13: protocols[0]: icmp is none of tcp, udp, sctp']],
  [
    'ports: 49152-61000\nprotocols: [TCP]\n',
    ['p.yaml:2:13: protocols[0]: TCP is none of tcp, udp, sctp; did you mean tcp?'],
  ],
  [
    'ports: 49152-61000\nprotocols: auto\n',
    ['p.yaml:2:12: protocols: found the text "auto", expected a list of protocols; write [tcp, udp]'],
  ],
  ['ports: 49152-61000\nfamilies: []\n', ['p.yaml:2:11: families: is an empty list; write "families: [ipv4, ipv6]"']],
  ['ports: 49152-61000\nfamilies: [v4]\n', ['p.yaml:2:12: families[0]: v4 is none of ipv4, ipv6']],
  [
    'ports: 49152-61000\nfamilies: [4]\n',
    ['p.yaml:2:12: families[0]: found the number 4, expected a family; write ipv4'],
  ],
  [
    'ports: 49152-61000\nfamilies: ipv4\n',
    ['p.yaml:2:11: families: found the text "ipv4", expected a list of families; write [ipv4]'],
  ],
  [
    'ports: 49152-61000\nfamilies: [ipv6, IPV4]\n',
    ['p.yaml:2:18: families[1]: IPV4 is none of ipv4, ipv6; did you mean ipv4?'],
  ],
  ['ports: 49152-61000\nguard: cuont\n', ['p.yaml:2:8: guard: cuont is none of count, drop, off; did you mean count?']],
  ['ports: 49152-61000\nguard: true\n', ['p.yaml:2:8: guard: found true, expected a word; write count']],
  ['ports: 49152-61000\nguard: off\n', []],
  ['ports: 49152-61000\nguard: no\n', ['p.yaml:2:8: guard: no is none of count, drop, off']],
  ['ports: 49152-61000\nguard:\n', ['p.yaml:2:7: guard: has no value, expected a word; write "guard: count"']],
  ['ports: 49152-61000\nguard: [count]\n', ['p.yaml:2:8: guard: found a list, expected a word; write count']],
  [
    'ports: 49152-61000\nhost: ephemral\n',
    ['p.yaml:2:7: host: ephemral is none of ephemeral, all, off; did you mean ephemeral?'],
  ],
  ['ports: 49152-61000\nhost: none\n', ['p.yaml:2:7: host: none is none of ephemeral, all, off']],
  ['ports: 49152-61000\nhost: 0x1\n', ['p.yaml:2:7: host: 0x1 is none of ephemeral, all, off']],
  [
    'ports: 49152-61000\nhostRange: alwys\n',
    ['p.yaml:2:12: hostRange: alwys is none of auto, always, never; did you mean always?'],
  ],
  [
    'ports: 49152-61000\nforwarded: keepAddress\n',
    ['p.yaml:2:12: forwarded: keepAddress is none of leave, keep-address, masquerade; did you mean keep-address?'],
  ],
  ['ports: 49152-61000\nversion: 2\n', ['p.yaml:2:10: version: found the number 2, expected the number 1; write 1']],
  ['ports: 49152-61000\nversion: "1"\n', ['p.yaml:2:10: version: found the text "1", expected the number 1; write 1']],
  [
    'ports: 49152-61000\nversion: 1.0\n',
    ['p.yaml:2:10: version: found the text "1.0", expected the number 1; write 1'],
  ],
  [
    'ports: 49152-61000\nversion: 0x1\n',
    ['p.yaml:2:10: version: found the text "0x1", expected the number 1; write 1'],
  ],
  ['ports: 49152-61000\nprots: 1\n', ['p.yaml:2:1: prots: unknown key; did you mean ports?']],
  [
    'ports: 49152-61000\nexempt: []\n',
    ['p.yaml:2:9: exempt: is an empty list; write "exempt: { destinations: [10.0.0.0/8] }"'],
  ],
  [
    'ports: 49152-61000\nexempt: 5\n',
    [
      'p.yaml:2:9: exempt: found the number 5, expected a mapping of keys to values; write { destinations: [10.0.0.0/8] }',
    ],
  ],
  [
    'ports: 49152-61000\nexempt:\n',
    [
      'p.yaml:2:8: exempt: has no value, expected a mapping of keys to values; write "exempt: { destinations: [10.0.0.0/8] }"',
    ],
  ],
  ['ports: 49152-61000\nexempt: {}\n', []],
  [
    'ports: 49152-61000\nexempt: { sourcePort: [1] }\n',
    ['p.yaml:2:11: exempt.sourcePort: unknown key; did you mean sourcePorts?'],
  ],
  [
    'ports: 49152-61000\nexempt: { source_ports: [1] }\n',
    ['p.yaml:2:11: exempt.source_ports: unknown key; did you mean sourcePorts?'],
  ],
  [
    'ports: 49152-61000\ndestinations: [10.0.0.0/8]\n',
    ['p.yaml:2:1: destinations: unknown key; write it under exempt'],
  ],
  [
    'ports: 49152-61000\nexempt: { guard: off }\n',
    ['p.yaml:2:11: exempt.guard: unknown key; write it at the top level'],
  ],
  [
    'ports: 49152-61000\nexempt: { zebra: off }\n',
    ['p.yaml:2:11: exempt.zebra: unknown key; the keys here are destinations, sourcePorts'],
  ],
  [
    'ports: 49152-61000\nzebra: 1\n',
    [
      'p.yaml:2:1: zebra: unknown key; the keys here are version, ports, protocols, families, uplinks, exempt, host, hostRange, containers, forwarded, guard, listen',
    ],
  ],
  [
    'ports: 49152-61000\ncontainers: { native: yes }\n',
    ['p.yaml:2:23: containers.native: found the text "yes", expected true or false; write true'],
  ],
  [
    'ports: 49152-61000\ncontainers: { native: 1 }\n',
    ['p.yaml:2:23: containers.native: found the number 1, expected true or false; write true'],
  ],
  [
    'ports: 49152-61000\ncontainers: { native: maybe }\n',
    ['p.yaml:2:23: containers.native: found the text "maybe", expected true or false; write true'],
  ],
  [
    'ports: 49152-61000\ncontainers: { timestamps: randm }\n',
    ['p.yaml:2:27: containers.timestamps: randm is none of shared, random; did you mean random?'],
  ],
  ['ports: 49152-61000\ncontainers: { routed: [] }\n', []],
  [
    'ports: 49152-61000\ncontainers: { routed: none }\n',
    ['p.yaml:2:23: containers.routed: found the text "none", expected auto or a list of blocks; write auto'],
  ],
  [
    'ports: 49152-61000\ncontainers: { routed: [10.0.0.1/8] }\n',
    ['p.yaml:2:24: containers.routed[0]: 10.0.0.1/8 has host bits; write 10.0.0.0/8'],
  ],
  ['ports: 49152-61000\nports: 1\n', ['p.yaml:2:1: ports: stands here a second time; keep one of the two']],
  [
    'ports: 49152-61000\n"a\\u0007b": 1\n',
    [
      'p.yaml:2:1: "a\\u0007b": unknown key; the keys here are version, ports, protocols, families, uplinks, exempt, host, hostRange, containers, forwarded, guard, listen',
    ],
  ],
  ['ports: 49152-61000\n? [a]\n: b\n', ['p.yaml:2:3: a key that is not a plain text; write "key: value"']],
  ['ports: 49152-61000\n!!str host: off\n', ['p.yaml:2:7: a key that is not a plain text; write "key: value"']],
  ['ports: 49152-61000\nhost: !!str off\n', ['p.yaml:2:13: host: a tag (!!str), which policies do without; remove it']],
  [
    'ports: 49152-61000\nhost: &x off\nguard: *x\n',
    ['p.yaml:3:8: guard: an alias (*x), which policies do without; write the value out'],
  ],
  [
    'ports: 49152-61000\n__proto__: 1\n',
    [
      'p.yaml:2:1: __proto__: unknown key; the keys here are version, ports, protocols, families, uplinks, exempt, host, hostRange, containers, forwarded, guard, listen',
    ],
  ],
  [
    'ports: 49152-61000\nconstructor: 1\n',
    [
      'p.yaml:2:1: constructor: unknown key; the keys here are version, ports, protocols, families, uplinks, exempt, host, hostRange, containers, forwarded, guard, listen',
    ],
  ],
  [
    'ports: 49152-61000\nexempt: { __proto__: 1 }\n',
    ['p.yaml:2:11: exempt.__proto__: unknown key; the keys here are destinations, sourcePorts'],
  ],
  [
    'ports: 49152-61000\n1: 2\n',
    [
      'p.yaml:2:1: 1: unknown key; the keys here are version, ports, protocols, families, uplinks, exempt, host, hostRange, containers, forwarded, guard, listen',
    ],
  ],
  [
    'ports: 49152-61000\n: 2\n',
    [
      'p.yaml:2:1: "": unknown key; the keys here are version, ports, protocols, families, uplinks, exempt, host, hostRange, containers, forwarded, guard, listen',
    ],
  ],
  [
    'ports: 49152-61000\n<<: {a: 1}\n',
    [
      'p.yaml:2:1: <<: unknown key; the keys here are version, ports, protocols, families, uplinks, exempt, host, hostRange, containers, forwarded, guard, listen',
    ],
  ],
  [
    'ports: 49152-61000\ntoString: 1\n',
    [
      'p.yaml:2:1: toString: unknown key; the keys here are version, ports, protocols, families, uplinks, exempt, host, hostRange, containers, forwarded, guard, listen',
    ],
  ],
  ['ports: 49152-61000\nPorts: 1\n', ['p.yaml:2:1: Ports: unknown key; did you mean ports?']],
  ['ports: 49152-61000\nexempt: { sourcePorts: 123 }\n', []],
  ['ports: 49152-61000\nports: 49152-61000\n', ['p.yaml:2:1: ports: stands here a second time; keep one of the two']],
  [
    'ports: 49152-61000\n  host: off',
    [
      'p.yaml:1:8: a second key or a list begins within a value; write one "key: value" a line, with a space after the colon',
    ],
  ],
];

test.each(CASES)('keys and words are reported in their own sentence: %j', (text, lines) => {
  expect(problemsOf({ text })).toEqual(lines);
});
