import { expect, test } from 'vitest';
import { readConntrack } from '../../src/observe/conntrack.ts';
import { fullDestinations, observePortShortage, readInsertFailures } from '../../src/observe/port-shortage.ts';
import { scriptedSystem } from '../support/scripted-system.ts';

const STAT = `entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error
0000001a  00000000 00000000 00000000 00000003 00000000 00000000 00000002 00000000 00000064 00000000 00000000 00000000
0000001a  00000000 00000000 00000000 00000000 00000000 00000000 00000001 00000000 00000064 00000000 00000000 00000000
`;

const flow = (port: number, server = '203.0.113.10') =>
  `ipv4     2 tcp      6 117 TIME_WAIT src=172.17.0.2 dst=${server} sport=${port} dport=443 src=${server} dst=198.51.100.2 sport=443 dport=${port} [ASSURED] mark=0 use=1`;
const ranges = [{ from: 50_000, to: 50_009 }];
const table = [
  ...Array.from({ length: 10 }, (_, i) => flow(50_000 + i)),
  flow(50_001, '203.0.113.11'),
  flow(40_000, '203.0.113.12'),
].join('\n');

test('the failures of all processors are added up', () => {
  expect(readInsertFailures(STAT)).toBe(200);
  expect(readInsertFailures('nonsense')).toBe(0);
});

test('a destination that uses nearly all ports is named with how many are left', () => {
  expect(fullDestinations(readConntrack(table), ranges)).toEqual([
    { protocol: 'tcp', source: '198.51.100.2', address: '203.0.113.10', port: 443, inUse: 10, available: 10 },
  ]);
});

test('flows are read only where something was dropped, and conntrack is asked where the kernel shows no table', async () => {
  const quiet = scriptedSystem({ files: { '/proc/net/stat/nf_conntrack': STAT.replaceAll('00000064', '00000000') } });
  expect(await observePortShortage(quiet, ranges)).toEqual({ drops: 0, destinations: [] });
  const without = scriptedSystem({
    commands: { 'conntrack -S': 'cpu=0 found=0 insert_failed=7 drop=0', 'conntrack -L -o extended': table },
  });
  expect(await observePortShortage(without, ranges)).toMatchObject({ drops: 7, destinations: [{ inUse: 10 }] });
});
