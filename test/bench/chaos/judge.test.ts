import { expect, test } from 'vitest';
import type { Caller } from '../../../bench/chaos/addresses.ts';
import { type Cut, judgeCut, judgeStrays } from '../../../bench/chaos/judge.ts';
import type { Harm } from '../../../bench/chaos/tools.ts';
import type { Stray } from '../../../src/lab/stray-log.ts';

const FLUSH: Harm = { name: 'flush', from: 1000, to: 1060, ends: 'translated', open: true };
const LINK: Harm = { name: 'link', from: 9000, to: 9500, ends: 'masqueraded', open: false };
const bound: Caller = { origin: 'container', chosen: 'bound' };
const stray = (first: number, last: number, opening = true): Stray => ({
  ...{ family: 'ipv4', protocol: 'udp', source: '172.17.0.2', sourcePort: 5004 },
  ...{ destination: '203.0.113.11', destinationPort: 7000, packets: 2, opening, first, last, blurMs: 10 },
});

test.each([
  ['began and ended while the fence was away', stray(1010, 1050), bound, { why: 'away', harm: 'flush' }],
  ['began while it was away and was let go soon after', stray(1010, 1600), bound, { why: 'away', harm: 'flush' }],
  ['outlived the gap', stray(1010, 5000), bound, undefined],
  ['began after it', stray(1200, 1200), bound, undefined],
  ['began before it', stray(900, 1010), bound, undefined],
  ['has a port that the kernel chose', stray(1010, 1050), { ...bound, chosen: 'kernel' }, undefined],
  ['goes to an address that nobody was given', stray(1010, 1050), undefined, undefined],
  ['ends a connection that the kernel forgot', stray(9600, 20_000, false), bound, { why: 'forgotten', harm: 'link' }],
  ['opens a connection after that', stray(9600, 20_000), bound, undefined],
  [
    "ends a connection of the host's own, which the link did not make the kernel forget",
    stray(9600, 9700, false),
    { origin: 'host', chosen: 'bound' },
    { why: 'forgotten', harm: 'flush' },
  ],
] as const)('a flow out of range that %s', (_, flow, caller, excuse) => {
  expect(judgeStrays([flow], () => caller, [FLUSH, LINK])[0]?.excuse).toEqual(excuse);
});

test('without anything that made the kernel forget, an open connection has no reason to leave out of range', () => {
  expect(judgeStrays([stray(9600, 9700, false)], () => bound, [])[0]?.excuse).toBeUndefined();
});

test('a flow that is noted again after the gap began in it, and has no more time than one that is noted once', () => {
  const flows = [stray(1010, 1050), stray(1450, 1450), stray(5000, 5000)];
  const [first, again, late] = judgeStrays(flows, () => bound, [FLUSH]);
  expect([first?.excuse?.why, again?.excuse?.why, late?.excuse?.why]).toEqual(['away', 'away', undefined]);
});

const cut = (origin: 'host' | 'container', port: 'allowed' | 'mapped', answeredAt: number, at: number): Cut => {
  const connection = { name: 'x', protocol: 'tcp' as const, host: '203.0.113.11', port: 7000, sourcePorts: [5004] };
  const kind = { origin, port, connection };
  return { what: 'cut', name: 'x', protocol: 'tcp', sourcePort: 5004, answeredAt, at, why: 'ECONNRESET', kind };
};

test.each([
  [
    'of a container, reset after a flush that came after its last answer, by the flush',
    cut('container', 'allowed', 900, 1300),
    'flush',
  ],
  ['of a container, answered after the flush, by us', cut('container', 'allowed', 1200, 1500), undefined],
  ['of the host, with a port that needs no translation, by us', cut('host', 'allowed', 900, 1300), undefined],
  ['of the host, translated, by the flush', cut('host', 'mapped', 900, 1300), 'flush'],
  ['of the host, translated, while the link was down, by us', cut('host', 'mapped', 8900, 9700), undefined],
  ['of a container while the link was down, by the link', cut('container', 'mapped', 8900, 9700), 'link'],
] as const)('a connection was cut: %s', (_, one, by) => {
  expect(judgeCut(one, [FLUSH, LINK]).by).toBe(by);
});
