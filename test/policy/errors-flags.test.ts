import { expect, test } from 'vitest';
import type { PolicyInput } from '../../src/policy/parse.ts';
import { problemsOf } from './problems-of.ts';

const CASES: readonly [source: string | PolicyInput, lines: readonly string[]][] = [
  [{}, ['--ports: is missing; write --ports 49152-61000']],
  [{ flags: { ports: '61000-49152' } }, ['--ports: 61000-49152 runs backwards; write 49152-61000']],
  [{ flags: { ports: '49152-61000,62000-62999' } }, []],
  [{ flags: { ports: '' } }, ['--ports: an empty text is no range; write a range like 49152-61000']],
  [{ flags: { ports: '49152-61000,' } }, ['--ports: an empty text is no range; write a range like 49152-61000']],
  [
    { flags: { ports: '1024', uplink: ['eth0', 'ens*'] } },
    ['warning: --ports: only 1 port for every connection that leaves; 64 or more are advisable'],
  ],
  [{ flags: { uplink: ['eth0'] } }, ['--ports: is missing; write --ports 49152-61000']],
  [
    {
      flags: {
        ports: '49152-61000',
        protocols: 'tcp,upd',
        families: 'ipv4',
        host: 'al',
        guard: 'drp',
        exempt: ['10.0.0.1/8', 'none'],
        exemptPorts: '0,123',
        forwarded: 'x',
        hostRange: 'y',
        uplink: ['lo'],
      },
    },
    [
      '--protocols: upd is none of tcp, udp, sctp; did you mean udp?',
      '--host: al is none of ephemeral, all, off; did you mean all?',
      '--host-range: y is none of auto, always, never',
      '--forwarded: x is none of leave, keep-address, masquerade',
      '--guard: drp is none of count, drop, off; did you mean drop?',
      '--exempt-ports: 0 is not a port; write ports from 1 to 65535',
      '--exempt: 10.0.0.1/8 has host bits; write 10.0.0.0/8',
      '--exempt: none is a name, and names are not looked up; write an address or a block like 10.0.0.0/8',
      '--uplink: lo leads nowhere but to this host; name the interface that leads to the network',
    ],
  ],
  [
    { flags: { ports: '49152-61000', exempt: ['none'], exemptPorts: 'none', uplink: ['auto'], protocols: '' } },
    ['--protocols: an empty text is none of tcp, udp, sctp'],
  ],
  [
    { text: 'ports: 1\nexempt: 5\nhost: x\n', flags: { ports: '2000-3000', exempt: ['10.0.0.0/8'] } },
    [
      'p.yaml:2:9: exempt: found the number 5, expected a mapping of keys to values; write { destinations: [10.0.0.0/8] }',
      'p.yaml:3:7: host: x is none of ephemeral, all, off',
    ],
  ],
  [
    { text: '', flags: { ports: '2000-3000' } },
    ['p.yaml:1:1: the policy is empty; write at least "ports: 49152-61000"'],
  ],
  [
    { text: '- a', flags: { ports: '2000-3000' } },
    ['p.yaml:1:1: found a list, expected a mapping of keys to values; write ports: 49152-61000'],
  ],
  [{ text: 'host: off\n', flags: { ports: '2000-3000', guard: 'x' } }, ['--guard: x is none of count, drop, off']],
  [
    { flags: { ports: '49152-61000', uplink: ['eth1'] }, interfaces: ['lo', 'eth0', 'docker0', 'ens5'] },
    ['--uplink: there is no interface eth1; did you mean eth0? this host has eth0, docker0, ens5'],
  ],
  [{ flags: { ports: '49152-61000,50000' } }, ['--ports: 50000 overlaps 49152-61000; write 49152-61000 for both']],
  [
    { flags: { ports: '2000-2010' } },
    ['warning: --ports: only 11 ports for every connection that leaves; 64 or more are advisable'],
  ],
];

test.each(CASES)('flags are reported in their own sentence: %j', (source, lines) => {
  expect(problemsOf(typeof source === 'string' ? { text: source } : source)).toEqual(lines);
});
