import { expect, test } from 'vitest';
import { addressBlock, blocksOf } from '../../src/acl/address-block.ts';
import { pathMtuFrom } from '../../src/acl/path-mtu.ts';
import { recommend } from '../../src/acl/recommend.ts';
import { solve } from '../../src/acl/solve.ts';
import { partsOf } from '../../src/acl/split.ts';
import { ALL_PORTS, portsText } from '../../src/ports.ts';
import { ANYWHERE, acl, DNS, entry, HTTPS, side, webAcl } from './sample-acl.ts';

test('each range and each gap names the entries that decide, the implicit denial included', () => {
  const { pieces } = solve({ own: side(webAcl), services: [HTTPS], peers: [ANYWHERE] });
  expect(
    pieces.map(({ from, to, verdict, by }) => [
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
  const { ranges, pieces } = solve({ own, services: [DNS], peers: [addressBlock(peer)] });
  expect([ranges, pieces[0]?.by]).toEqual([ALL_PORTS, [{ kind: 'unfiltered', why }]]);
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
  const passing = wide?.pieces.find(({ verdict }) => verdict === 'pass');
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

test('the largest safe range is recommended, one that holds what is used before a larger one, none below 1024', () => {
  const safe = [
    { from: 10, to: 2047 },
    { from: 10_000, to: 10_499 },
    { from: 40_000, to: 51_999 },
  ];
  expect(recommend(safe)).toEqual({
    range: { from: 40_000, to: 51_999 },
    ports: 12_000,
    connectionsPerDestination: 12_000,
    newPerSecond: 100,
    warning: undefined,
  });
  expect(recommend(safe, { from: 10_100, to: 10_200 })).toMatchObject({
    range: { from: 10_000, to: 10_499 },
    newPerSecond: 4.1,
    warning: 'only 500 ports: fewer than 1,024 run out soon',
  });
  expect(recommend([{ from: 1, to: 2046 }])?.warning).toBe('only 1,023 ports: fewer than 1,024 run out soon');
  expect(recommend([{ from: 1, to: 1023 }])).toBeUndefined();
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
