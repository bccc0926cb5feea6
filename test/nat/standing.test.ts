import { expect, test } from 'vitest';
import { NO_NAT, ruleName } from '../../src/nat/model.ts';
import { standingNat } from '../../src/nat/standing.ts';
import { walk } from '../../src/nat/walk.ts';
import { FLOW, listing, nft, saved } from './listings.ts';
import { decisionText } from './program-text.ts';

test('what a nat table of iptables-legacy says that nothing lists is not followed', () => {
  expect(walk(standingNat({ saved: [], unread: ['ipv4'] }), FLOW)).toMatchObject({
    do: 'unfollowed',
    by: { backend: 'iptables-legacy', chain: 'POSTROUTING' },
  });
  expect(standingNat({ saved: [], unread: ['ipv6'] }).ipv4).toEqual([]);
});

test('of two chains with one priority the table that was made last is asked first', () => {
  const older = { family: 'ip', name: 'older', handle: 3, rules: [[nft.snat('192.0.2.3')]] };
  const newer = { family: 'ip', name: 'newer', handle: 7, rules: [[nft.snat('192.0.2.7')]] };
  expect(decisionText(walk(standingNat({ saved: [], ruleset: listing(newer, older) }), FLOW))).toBe('snat 192.0.2.7');
  expect(decisionText(walk(standingNat({ saved: [], ruleset: listing(older, newer) }), FLOW))).toBe('snat 192.0.2.7');
});

test('a lower priority is asked first, whenever its table was made', () => {
  const early = { family: 'ip', name: 'early', handle: 1, priority: 95, rules: [[nft.snat('192.0.2.1')]] };
  const late = { family: 'inet', name: 'late', handle: 2, rules: [[nft.snat('192.0.2.2')]] };
  expect(decisionText(walk(standingNat({ saved: [], ruleset: listing(late, early) }), FLOW))).toBe('snat 192.0.2.1');
});

test("the table of iptables-nft is read in iptables' words and asked where nft lists it", () => {
  const xt = { xt: { type: 'target', name: 'MASQUERADE' } };
  const iptables = { family: 'ip', name: 'nat', handle: 5, rules: [[xt]] };
  const other = { family: 'ip', name: 'other', handle: 4, rules: [[nft.snat('192.0.2.4')]] };
  const ruleset = listing(iptables, other);
  const decision = walk(standingNat({ saved: [saved('iptables-nft', '-o eth0 -j MASQUERADE')], ruleset }), FLOW);
  expect(decision).toMatchObject({ do: 'masquerade', by: { backend: 'iptables-nft', table: 'nat' } });
});

test('without the words of iptables its table is not guessed at', () => {
  const xt = { xt: { type: 'target', name: 'MASQUERADE' } };
  const ruleset = listing({ family: 'ip', name: 'nat', handle: 5, rules: [[xt]] });
  expect(walk(standingNat({ saved: [], ruleset }), FLOW)).toMatchObject({ do: 'unfollowed', why: 'xt MASQUERADE' });
});

test('a table that iptables-nft-save shows though nft knows none is not there', () => {
  const standing = standingNat({ saved: [saved('iptables-nft', '-j MASQUERADE')], ruleset: '{"nftables": []}' });
  expect(standing).toEqual(NO_NAT);
});

test('iptables-legacy is asked after the tables of nft at its priority', () => {
  const ruleset = listing({ family: 'inet', name: 'x', handle: 1, rules: [[nft.masquerade]] });
  const standing = standingNat({ saved: [saved('iptables-legacy', '-j SNAT --to-source 192.0.2.1')], ruleset });
  expect(standing.ipv4.map(({ backend }) => backend)).toEqual(['nftables', 'iptables-legacy']);
});

test('the fence itself is left out, and so is a table that sleeps', () => {
  const fence = { family: 'inet', name: 'portfence', handle: 1, priority: 50, rules: [[nft.masquerade]] };
  const dormant = { family: 'ip', name: 'x', handle: 2, flags: 'dormant', rules: [[nft.masquerade]] };
  const text = saved('iptables-legacy', '-m comment --comment "portfence" -j PORTFENCE', '-j ACCEPT');
  const standing = standingNat({ saved: [text], ruleset: listing(fence, dormant) });
  expect(standing.ipv4).toHaveLength(1);
  expect(standing.ipv4[0]?.chains.get('POSTROUTING')).toHaveLength(1);
});

test.each([
  ['an old negation', '-s ! 10.1.0.0/16 -j MASQUERADE', 'keep'],
  ['an old negation of a port', '-p tcp --dport ! 443 -j MASQUERADE', 'keep'],
  ['long words', '--source 10.1.0.0/16 --out-interface eth+ --protocol tcp --jump MASQUERADE', 'masquerade'],
  ['a dotted mask', '-s 10.1.0.0/255.255.0.0 -j MASQUERADE', 'masquerade'],
  ['ports without their match', '-p tcp --dport 400:500 -j MASQUERADE', 'masquerade'],
  ['an open range of ports', '-p tcp -m tcp --dport :442 -j MASQUERADE', 'keep'],
  ['a comment that looks like a target', '-m comment --comment "x -j ACCEPT \\" -j DROP" -j MASQUERADE', 'masquerade'],
  ['every port but some', '-p tcp -m multiport ! --dports 80,443 -j MASQUERADE', 'keep'],
  ['a protocol by its number', '-p 17 -j MASQUERADE', 'keep'],
  ['any protocol', '-p all -j MASQUERADE', 'masquerade'],
  ['ports on either side', '-p tcp -m multiport --ports 443 -j MASQUERADE', 'unfollowed (-m multiport --ports 443)'],
  ['only ports', '-p tcp -j SNAT --to-source :2000-3000 --random', 'snat :2000-3000'],
  ['a mark that is not there', '-m mark --mark 0x1 -j MASQUERADE', 'keep'],
  ['a mask with holes', '-s 10.0.0.2/255.0.0.255 -j MASQUERADE', 'unfollowed (-s 10.0.0.2/255.0.0.255)'],
  ['a queue', '-j NFQUEUE --queue-num 1', 'unfollowed (-j NFQUEUE --queue-num 1)'],
  ['a log of who knows what', '-m owner --uid-owner 7 -j LOG', 'keep'],
  ['answers, which no nat rule ever sees', '-m conntrack --ctdir REPLY -j MASQUERADE', 'keep'],
])('%s: %s', (_, rule, decision) => {
  expect(decisionText(walk(standingNat({ saved: [saved('iptables-legacy', rule)] }), FLOW))).toBe(decision);
});

test('a rule is named by where it stands and what it says, fit for a terminal', () => {
  const rule = '-m comment --comment "red \u001b[31m" -j NFQUEUE';
  const decision = walk(standingNat({ saved: [saved('iptables-legacy', rule)] }), FLOW);
  expect('by' in decision && decision.by && ruleName(decision.by)).toBe(
    'iptables-legacy nat POSTROUTING: -m comment --comment "red ?[31m" -j NFQUEUE',
  );
});

test('a mark that is restored on the way makes unknown what asks for it', () => {
  const rules = ['-j CONNMARK --restore-mark', '-m mark --mark 0x1/0x1 -j MASQUERADE'];
  expect(walk(standingNat({ saved: [saved('iptables-legacy', ...rules)] }), FLOW)).toMatchObject({
    do: 'unfollowed',
    why: 'a packet mark that was restored on the way',
  });
});

test.each([
  [
    'a return in the middle of a chain goes on after the jump',
    ['-j ONE', '-j SNAT --to-source 192.0.2.1', '-A ONE -d 203.0.113.0/24 -j RETURN', '-A ONE -j MASQUERADE'],
    'snat 192.0.2.1',
  ],
  [
    'a goto comes back to nobody',
    ['-g ONE', '-j SNAT --to-source 192.0.2.1', '-A ONE -d 203.0.113.0/24 -j RETURN', '-A ONE -j MASQUERADE'],
    'keep',
  ],
  [
    'a mark that is set takes the bits of its value too',
    ['-j MARK --set-mark 0x1/0x6', '-m mark --mark 0x1 -j MASQUERADE'],
    'masquerade mark fffffff8^1',
  ],
  [
    'marks are or-ed, and-ed and xor-ed',
    ['-j MARK --or-mark 0x6', '-j MARK --and-mark 0x5', '-j MARK --xor-mark 0xf', '-m mark --mark 0xa -j MASQUERADE'],
    'masquerade mark 1^b',
  ],
])('%s', (_, rules, decision) => {
  const standing = standingNat({ saved: [saved('iptables-legacy', ...rules)] });
  expect(decisionText(walk(standing, { ...FLOW, mark: 1 }))).toBe(decision);
});

test('chains that jump to each other, which no kernel takes, are not followed and end', () => {
  const text = [
    '*nat',
    ':POSTROUTING ACCEPT',
    ':A -',
    ':B -',
    '-A POSTROUTING -j A',
    '-A A -j B',
    '-A B -s 10.0.0.0/8 -j A',
    '-A B -j MASQUERADE',
    '',
  ];
  const standing = standingNat({ saved: [{ backend: 'iptables-legacy', family: 'ipv4', text: text.join('\n') }] });
  expect(walk(standing, FLOW)).toMatchObject({ do: 'unfollowed' });
});

test('what is no listing of nft is one clear error', () => {
  expect(() => standingNat({ saved: [], ruleset: 'nft: not found' })).toThrow(
    'nft -j list ruleset did not answer in JSON',
  );
  expect(() => standingNat({ saved: [], ruleset: '{}' })).toThrow('answered no list of objects');
});
