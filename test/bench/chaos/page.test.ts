import { expect, test } from 'vitest';
import type { JudgedCut, JudgedStray } from '../../../bench/chaos/judge.ts';
import { chaosPage } from '../../../bench/chaos/page.ts';
import type { ChaosResult } from '../../../bench/chaos/result.ts';

const seen: ChaosResult = {
  ...{ seed: 42, seconds: 90, versions: { portfence: '1.2.3' }, met: true, tried: 100_001, impossibleDownloads: 0 },
  rows: [
    { origin: 'host', chosen: 'bound', protocol: 'udp', family: 'ipv6', tried: 30, answered: 27, silent: 2, failed: 1 },
  ],
  packets: { inRange: 500_000, outOfRange: 7, away: 4, forgotten: 3 },
  ...{ leaks: [], problems: [], latest: [{ name: 'nft flush ruleset', at: 0 }], agentWords: ['it is back'] },
  held: { opened: 60, cuts: [], byHarm: 2 },
  disturbances: [{ name: 'nft flush ruleset', does: 'flushes', done: 3, impossible: 0, flows: 4, ended: 2 }],
  harms: [],
  heals: { count: 3, median: 40.4, min: 20, max: 90 },
};

test('the page of a clean run says so, with every number, and nothing about failures', () => {
  const page = chaosPage(seen).join('\n');
  expect(page).toContain(
    '**100,001 connections, 500,007 packets at the ACL: none left out of range, none was cut by us.**',
  );
  expect(page).toMatch(/for no reason below +\| +0 \|/);
  expect(page).toMatch(/\| host +\| bound, 1024-65535 +\| UDP, IPv6 \| +30 \| +27 \| +2 \| +1 \|/);
  expect(page).toContain('back after 40 ms (median; 20 to 90 ms)');
  expect(page).not.toMatch(/NOT|repeats/);
});

test('the page of another run names the seed, the flow with its origin, the cut, the last disturbances and the agent’s words', () => {
  const flow: JudgedStray = {
    ...{ family: 'ipv4', protocol: 'tcp', source: '10.0.1.10', sourcePort: 40_001, destination: '203.0.113.11' },
    ...{ destinationPort: 7000, packets: 3, opening: true, first: 1000, last: 2000, blurMs: 10, excuse: undefined },
    caller: { origin: 'host', chosen: 'kernel' },
  };
  const connection = { name: 'x', protocol: 'tcp', host: '203.0.113.12', port: 7000, sourcePorts: [50_000] } as const;
  const cut: JudgedCut = {
    ...{ what: 'cut', name: 'x', protocol: 'tcp', sourcePort: 50_000, answeredAt: 1000, at: 2000, why: 'ECONNRESET' },
    ...{ kind: { origin: 'container', port: 'allowed', connection }, by: undefined },
  };
  const page = chaosPage({ ...seen, met: false, leaks: [flow], held: { ...seen.held, cuts: [cut] } }).join('\n');
  expect(page).toContain('NOT as promised: 1 flows left out of range, 1 connections were cut');
  expect(page).toContain('npm run chaos -- --seed 42` repeats');
  expect(page).toContain(
    'tcp 10.0.1.10:40001 > 203.0.113.11:7000 (host, port chosen by the kernel), 3 packets, 00:00:01.000',
  );
  expect(page).toContain('cut: container, tcp from port 50000 to 203.0.113.12: ECONNRESET');
  expect(page).toContain('- 00:00:00.000 nft flush ruleset');
  expect(page).toContain('    it is back');
});
