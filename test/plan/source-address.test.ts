import { describe, expect, test } from 'vitest';
import { standingNat } from '../../src/nat/standing.ts';
import { compile } from '../../src/plan/compile.ts';
import { parseFlow } from '../../src/plan/flow-text.ts';
import { locate } from '../../src/plan/locate.ts';
import { isExpected, isPrivate, masqueradeAddress, sourceAddress } from '../../src/plan/source-address.ts';
import { walk } from '../../src/plan/walk.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';

describe('masquerading gives', () => {
  const own = [
    '10.0.1.10/24',
    '198.51.100.2/24',
    '198.51.100.3/24',
    'fe80::1/64',
    'fd00:1::10/64',
    '2001:db8:5::10/64',
  ];
  test.each([
    ['the first address whose subnet holds the gateway', '203.0.113.1', '198.51.100.1', '198.51.100.2'],
    ['the first address where no subnet holds it', '203.0.113.1', '192.168.1.1', '10.0.1.10'],
    ['the address beside a destination on the link', '198.51.100.9', undefined, '198.51.100.2'],
    ['a global address towards a global one', '2001:db8:9::1', 'fe80::1', '2001:db8:5::10'],
    ['a unique local address towards another', 'fd00:2::10', 'fe80::1', 'fd00:1::10'],
  ])('%s', (_, destination, gateway, address) => {
    expect(masqueradeAddress(own, { destination, gateway })).toBe(address);
  });

  test('nothing where the interface has no address of the family', () => {
    expect(masqueradeAddress(['10.0.0.1/8'], { destination: '2001:db8::1', gateway: undefined })).toBeUndefined();
  });
});

test('the address and the rule that gives it come from the rules of others', () => {
  const saved = [
    '*nat',
    ':POSTROUTING ACCEPT [0:0]',
    '-A POSTROUTING -s 172.18.0.0/16 -d 198.51.100.0/24 -j ACCEPT',
    '-A POSTROUTING -s 172.18.0.0/16 -d 192.0.2.0/24 -j SNAT --to-source 10.0.1.20-10.0.1.29',
    '-A POSTROUTING -s 172.18.0.0/16 ! -o br-0123456789ab -j MASQUERADE',
    'COMMIT',
    '',
  ].join('\n');
  const bridge = { name: 'br-0123456789ab', kind: 'bridge', master: undefined, addresses: ['172.18.0.1/16'] };
  const facts = {
    ...sampleFacts,
    links: [...sampleFacts.links, bridge],
    standingNat: standingNat({ saved: [{ backend: 'iptables-nft', family: 'ipv4', text: saved }] }),
  };
  const plan = compile(samplePolicy, facts);
  const given = (flow: string) => {
    const packet = locate(parseFlow(flow), facts, plan);
    return packet && sourceAddress(walk(plan, packet), packet, { links: facts.links, gateway: '10.0.1.1' });
  };
  expect(given('tcp 172.18.0.5:40001 > 203.0.113.10:443')).toEqual({
    from: '10.0.1.10',
    to: '10.0.1.10',
    by: 'iptables-nft nat POSTROUTING: -s 172.18.0.0/16 ! -o br-0123456789ab -j MASQUERADE',
  });
  const range = given('tcp 172.18.0.5:40001 > 192.0.2.1:443');
  expect(range).toMatchObject({ from: '10.0.1.20', to: '10.0.1.29', by: expect.stringContaining('-j SNAT') });
  expect(range && ['10.0.1.19', '10.0.1.25', '10.0.1.30', 'fd00::1'].map((one) => isExpected(range, one))).toEqual([
    false,
    true,
    false,
    false,
  ]);
  expect(given('tcp 172.18.0.5:40001 > 198.51.100.9:443')).toMatchObject({
    from: '172.18.0.5',
    by: expect.stringContaining('-d 198.51.100.0/24 -j ACCEPT'),
  });
});

test.each([
  ['10.1.2.3', true],
  ['172.31.0.1', true],
  ['172.32.0.1', false],
  ['100.64.0.1', true],
  ['fd12::1', true],
  ['192.0.2.1', false],
  ['2001:db8::1', false],
])('%s is private: %s', (address, answer) => {
  expect(isPrivate(address)).toBe(answer);
});
