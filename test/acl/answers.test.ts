import { describe, expect, test } from 'vitest';
import { addressBlock, blocksOf } from '../../src/acl/address-block.ts';
import { pathMtuFrom } from '../../src/acl/path-mtu.ts';
import { offeredFor, recommend } from '../../src/acl/recommend.ts';
import { solve } from '../../src/acl/solve.ts';
import { partsOf } from '../../src/acl/split.ts';
import { ALL_PORTS, type PortSet, portsText, rangeText } from '../../src/ports.ts';
import { ANYWHERE, acl, DNS, entry, HTTPS, side, webAcl } from './sample-acl.ts';

test('each range and each gap names the entries that decide, the implicit denial included', () => {
  const { segments } = solve({ own: side(webAcl), services: [HTTPS], peers: [ANYWHERE] });
  expect(
    segments.map(({ from, to, verdict, by }) => [
      `${from}-${to}`,
      verdict,
      by.map((one) => (one.kind === 'entry' ? `${one.direction} ${String(one.entry.number)}` : one.kind)),
    ]),
  ).toEqual([
    ['0-49151', 'drop', ['implicit']],
    ['49152-61000', 'pass', ['outbound 100', 'inbound 100']],
    ['61001-65535', 'drop', ['implicit']],
  ]);
});

test.each([
  ['within the subnet', '10.0.1.128/25', 'traffic within subnet-1 is not filtered'],
  ['the metadata service', '169.254.169.254/32', 'instance metadata is never filtered'],
  ['the resolver of the VPC', '10.0.0.2/32', 'Amazon DNS (the VPC base address + 2) is never filtered'],
  ['Amazon Time Sync over IPv6', 'fd00:ec2::123/128', 'Amazon Time Sync is never filtered'],
])('what AWS never filters passes whatever the ACL says: %s', (_, peer, why) => {
  const own = side(webAcl, { subnet: 'subnet-1', blocks: ['10.0.1.0/24'], resolvers: ['10.0.0.2/32'] });
  const { ranges, segments } = solve({ own, services: [DNS], peers: [addressBlock(peer)] });
  expect([ranges, segments[0]?.by]).toEqual([ALL_PORTS, [{ kind: 'unfiltered', why }]]);
});

test('an ACL of another kind filters what AWS would not, and a denial of unfiltered addresses costs nothing', () => {
  const deny = entry({ direction: 'inbound', number: 1, allow: false, remote: '169.254.169.254/32' });
  const entries = [...webAcl.entries, deny];
  const ask = (exempts: 'aws' | 'none') =>
    portsText(solve({ own: side(acl('acl-1', entries, { exempts })), services: [HTTPS], peers: [ANYWHERE] }).ranges);
  expect([ask('aws'), ask('none')]).toEqual(['49152-61000', '']);
});

test('a peer that entries cut apart shows its parts, unfiltered addresses with their neighbours', () => {
  const low = { direction: 'inbound', number: 50, remote: '10.0.0.0/9', ports: [{ from: 1024, to: 65_535 }] } as const;
  const own = side(acl('acl-1', [...webAcl.entries, entry(low)]), { blocks: ['10.0.1.0/24'] });
  const peer = addressBlock('10.0.0.0/8');
  const parts = partsOf({ own, services: [HTTPS], peers: [peer] }, peer);
  expect(parts.map(({ blocks, ranges }) => [blocks, portsText(ranges)])).toEqual([
    [['10.0.0.0/9'], '1024-65535'],
    [['10.128.0.0/9'], '49152-61000'],
  ]);
});

test('parts with equal ports are one, with the entries of all of them', () => {
  const allow = (number: number, remote: string) =>
    entry({ direction: 'inbound', number, remote, ports: [{ from: 1024, to: 65_535 }] });
  const own = side(acl('acl-1', [...webAcl.entries, allow(10, '10.0.0.0/10'), allow(20, '10.192.0.0/10')]));
  const peer = addressBlock('10.0.0.0/8');
  const [wide, narrow, more] = partsOf({ own, services: [HTTPS], peers: [peer] }, peer);
  expect([wide?.blocks, narrow?.blocks, more]).toEqual([
    ['10.0.0.0/10', '10.192.0.0/10'],
    ['10.64.0.0/10', '10.128.0.0/10'],
    undefined,
  ]);
  const passing = wide?.segments.find(({ verdict }) => verdict === 'pass');
  expect(passing?.by.map((one) => (one.kind === 'entry' ? one.entry.number : one.kind))).toEqual([100, 10, 20]);
});

test('what another peer costs as well is nobody’s own cost', () => {
  const lost = (...peers: string[]) =>
    solve({ own: side(webAcl), services: [HTTPS], peers: peers.map(addressBlock) }).ways.map((way) => way.lost);
  expect(lost('198.51.100.1/32')).toEqual([65_536 - 11_849]);
  expect(lost('198.51.100.1/32', '203.0.113.0/24')).toEqual([0, 0]);
});

test('the peer’s ACL can’t be asked without a block of ours', () => {
  const ask = () => solve({ own: side(webAcl), peer: side(webAcl), services: [HTTPS], peers: [ANYWHERE] });
  expect(ask).toThrow(/its ipv4 block is not known/);
});

test('an ACL of more entries than could be solved is refused', () => {
  const entries = Array.from({ length: 4001 }, (_, i) => entry({ direction: 'inbound', number: i + 1 }));
  const ask = () => solve({ own: side(acl('acl-big', entries)), services: [HTTPS], peers: [ANYWHERE] });
  expect(ask).toThrow('acl-big has 4001 entries, more than the 4000 that are solved');
});

describe('the recommended range', () => {
  const ranges = (...all: readonly (readonly [number, number])[]) => all.map(([from, to]) => ({ from, to }));
  const taken = (safe: PortSet, preference = {}) => {
    const { range } = recommend(safe, preference) ?? {};
    return range && rangeText(range);
  };

  test.each([
    ['what Linux hosts use, where it passes', ranges([1024, 65_535]), '32768-60999'],
    ['the largest above 32767, where it has 4,096 ports', ranges([1024, 32_000], [33_000, 37_999]), '33000-37999'],
    ['its part above 32767, where it begins below', ranges([30_000, 40_000]), '32768-40000'],
    ['the largest, where few pass above 32767', ranges([1024, 4999], [60_000, 62_000]), '1024-4999'],
    ['the larger of two above', ranges([33_000, 38_000], [40_000, 60_000]), '40000-60000'],
  ])('is %s', (_, safe, expected) => {
    expect(taken(safe)).toBe(expected);
  });

  test('is what is asked for or used already, where that passes', () => {
    const safe = ranges([1024, 65_535]);
    expect(taken(safe, { used: { from: 10_000, to: 30_000 } })).toBe('10000-30000');
    expect(taken(safe, { used: { from: 10_000, to: 10_100 } })).toBe('32768-60999');
    expect(taken(safe, { prefer: { from: 10_000, to: 10_100 } })).toBe('10000-10100');
    expect(taken(ranges([40_000, 65_535]), { prefer: { from: 10_000, to: 10_100 } })).toBe('40000-65535');
  });

  test('tells its capacity, what it costs, and the other choices', () => {
    expect(recommend(ranges([1024, 65_535]))).toEqual({
      range: { from: 32_768, to: 60_999 },
      why: 'Linux hosts use it already',
      costs: [],
      ports: 28_232,
      connectionsPerDestination: 28_232,
      newPerSecond: 235.2,
      warning: undefined,
      others: [
        {
          range: { from: 32_768, to: 65_535 },
          why: 'the largest that passes above 32767, where few services listen',
          costs: [],
        },
        {
          range: { from: 1024, to: 65_535 },
          why: 'the largest that passes',
          costs: [expect.stringContaining('3306 MySQL'), 'NodePorts of Kubernetes: 30000-32767'],
        },
      ],
    });
  });

  test('is none below port 1024, and few ports are warned of', () => {
    expect(recommend(ranges([1, 2046]))?.warning).toBe('only 1,023 ports: fewer than 1,024 run out soon');
    expect(recommend(ranges([1, 1023]))).toBeUndefined();
  });

  test('gives way to several ranges, where they keep most of the ports in use', () => {
    const safe = ranges([1024, 50_050], [50_052, 65_535]);
    expect(offeredFor(ranges([32_768, 60_999]), safe)).toEqual(ranges([32_768, 50_050], [50_052, 60_999]));
    expect(offeredFor(ranges([32_768, 60_999]), ranges([1024, 34_000]))).toEqual(ranges([1024, 34_000]));
    expect(offeredFor(ranges([32_768, 60_999]), ranges([0, 30_000]))).toEqual(ranges([1024, 30_000]));
  });
});

test('path-MTU discovery gets through, does not, or does so from some routers only', () => {
  const icmp = (type: number | 'any', code: number | 'any', remote = '0.0.0.0/0') =>
    acl('acl-1', [entry({ direction: 'inbound', number: 1, protocol: 1, icmp: { type, code }, remote })]);
  expect(pathMtuFrom(icmp(3, 4), ANYWHERE).verdict).toBe('pass');
  expect(pathMtuFrom(icmp('any', 'any'), ANYWHERE).verdict).toBe('pass');
  expect(pathMtuFrom(icmp(8, 'any'), ANYWHERE).verdict).toBe('drop');
  expect(pathMtuFrom(icmp(3, 4, '10.0.0.0/8'), ANYWHERE).verdict).toBe('partly');
  expect(pathMtuFrom(icmp(3, 4, '10.0.0.0/8'), addressBlock('10.1.0.0/16')).verdict).toBe('pass');
  const six = entry({
    direction: 'inbound',
    number: 1,
    family: 'ipv6',
    remote: '::/0',
    protocol: 58,
    icmp: { type: 2, code: 0 },
  });
  expect(pathMtuFrom(acl('acl-6', [six]), addressBlock('::/0')).verdict).toBe('pass');
});

test('addresses become the fewest blocks', () => {
  expect(blocksOf({ from: 1n, to: 8n }, 'ipv4')).toEqual(['0.0.0.1/32', '0.0.0.2/31', '0.0.0.4/30', '0.0.0.8/32']);
  for (const cidr of ['0.0.0.0/0', '10.0.0.0/8', '::/0', 'fc00::/7', '2001:db8::1/128'])
    expect(blocksOf(addressBlock(cidr), cidr.includes(':') ? 'ipv6' : 'ipv4')).toEqual([cidr]);
});

test('an entry that may be absent matters only where what follows decides otherwise', () => {
  const presence = { unknown: 'only where the condition IsProd holds' };
  const asked = (...entries: Parameters<typeof entry>[0][]) => {
    const own = side(acl('acl-1', [...webAcl.entries, ...entries.map(entry)]));
    const { ranges, unsure } = solve({ own, services: [HTTPS], peers: [addressBlock('203.0.113.10/32')] });
    return [portsText(ranges), portsText(unsure)];
  };
  const wider = { direction: 'inbound', number: 50, ports: [{ from: 40_000, to: 61_000 }], presence } as const;
  expect(asked(wider)).toEqual(['49152-61000', '40000-49151']);
  const deny = {
    direction: 'inbound',
    number: 50,
    allow: false,
    ports: [{ from: 50_000, to: 50_999 }],
    presence,
  } as const;
  expect(asked(deny)).toEqual(['49152-49999,51000-61000', '50000-50999']);
  expect(asked({ ...deny, remote: '198.51.100.0/24' })).toEqual(['49152-61000', '']);
});
