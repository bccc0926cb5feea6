import { expect, test } from 'vitest';
import { standingNat } from '../../src/nat/standing.ts';
import { walk } from '../../src/nat/walk.ts';
import { FLOW, listing, nft, type Table } from './listings.ts';
import { decisionText } from './program-text.ts';

const { accept, jump, mark, masquerade, match, meta, payload, saddr, setMark } = nft;

/** What one table decides for a flow that bears mark 1 and goes to a published port. */
function decided(table: Partial<Table> & Pick<Table, 'rules'>): string {
  const ruleset = listing({ family: 'inet', name: 'x', handle: 1, ...table });
  const flow = { ...FLOW, mark: 1, states: ['new', 'dnat'] } as const;
  return decisionText(walk(standingNat({ saved: [], ruleset }), flow));
}

const ct = (key: string) => ({ ct: { key } });
const map = (key: unknown, ...pairs: readonly unknown[]) => ({ vmap: { key, data: { set: pairs } } });

test.each([
  [1000, 'keep'],
  [1001, 'masquerade'],
  [undefined, 'unfollowed (what it asks is not known of the flow)'],
])('what a program of user %s sends is asked for its user', (user, decision) => {
  const ruleset = listing({
    ...{ family: 'inet', name: 'x', handle: 1 },
    rules: [[match(meta('skuid'), 1000, '!='), masquerade]],
  });
  const { arrived: _, ...sent } = FLOW;
  const owner = user === undefined ? undefined : { user, group: 0 };
  const flow = { ...sent, arrived: undefined, owner };
  expect(decisionText(walk(standingNat({ saved: [], ruleset }), flow))).toBe(decision);
});

test.each<[string, Partial<Table> & Pick<Table, 'rules'>, string]>([
  [
    'an address of the other family is never asked, not even turned round',
    { rules: [[match(payload('ip6', 'saddr'), 'fd00::1', '!='), masquerade]] },
    'keep',
  ],
  ["what no rule ends falls to the base chain's policy", { policy: 'drop', rules: [[mark(2), masquerade]] }, 'drop'],
  ['an accept does not fall to the policy', { policy: 'drop', rules: [[accept]] }, 'keep'],
  [
    'a set that packets fill says nothing',
    {
      sets: { seen: { type: 'ipv4_addr', elem: ['10.1.0.2'] } },
      rules: [[{ set: { op: 'add', elem: payload('ip', 'saddr'), set: '@seen' } }], [saddr('@seen'), masquerade]],
    },
    'unfollowed (ip saddr @seen)',
  ],
  [
    'a named set is what it holds',
    {
      sets: { lan: { type: 'ipv4_addr', elem: [{ elem: { val: '10.1.0.2', comment: 'x' } }] } },
      rules: [[saddr('@lan'), masquerade]],
    },
    'masquerade',
  ],
  ['an empty set holds nothing', { sets: { lan: {} }, rules: [[saddr('@lan'), masquerade]] }, 'keep'],
  ['a set that is not listed says nothing', { rules: [[saddr('@lan'), masquerade]] }, 'unfollowed (ip saddr @lan)'],
  [
    'a mark that is set before the rule ends is taken along',
    { rules: [[mark(1), setMark(2), masquerade]] },
    'masquerade mark 0^2',
  ],
  [
    'a mark that is asked, set, and followed by a match is not followed',
    { rules: [[mark(1), setMark(2), saddr('10.1.0.2'), masquerade]] },
    'unfollowed (meta mark 1 meta mark set 2 ip saddr 10.1.0.2 masquerade)',
  ],
  [
    'a mark stays set where a later match of its rule fails',
    {
      rules: [
        [setMark(2), saddr('10.9.9.9'), accept],
        [mark(2), masquerade],
      ],
    },
    'masquerade mark 0^2',
  ],
  [
    'a chain that sets marks tells its caller',
    {
      chains: { c: [[setMark(2)]] },
      rules: [
        [saddr('10.1.0.2'), jump('c')],
        [mark(2), masquerade],
      ],
    },
    'masquerade mark 0^2',
  ],
  [
    'a rule that sets a mark and jumps tells the chain, and the caller',
    {
      chains: { c: [[mark(2), setMark(3)]] },
      rules: [[setMark(2), jump('c')], [mark(3), masquerade], [accept]],
    },
    'masquerade mark 0^3',
  ],
  [
    'a rule that sets a mark and jumps tells what comes after the jump',
    {
      chains: { c: [[saddr('10.9.9.9'), accept]] },
      rules: [[setMark(2), jump('c')], [mark(2), masquerade], [accept]],
    },
    'masquerade mark 0^2',
  ],
  [
    'of several marks together with more only one could hold, until a chain changes it',
    {
      chains: { c: [[setMark(2)]] },
      rules: [
        [
          match(
            { concat: [meta('mark'), payload('ip', 'saddr')] },
            { set: [{ concat: [1, '10.1.0.2'] }, { concat: [2, '10.1.0.2'] }] },
          ),
          jump('c'),
        ],
        [mark(2), masquerade],
      ],
    },
    'unfollowed (meta mark . ip saddr { 1 . 10.1.0.2, 2 . 10.1.0.2 })',
  ],
  [
    'what is forwarded has no owner, not even another one',
    { rules: [[match(meta('skuid'), 1000, '!='), masquerade]] },
    'keep',
  ],
  [
    'what asks for a socket in other words concerns nothing that is forwarded',
    {
      rules: [
        [match(meta('skuid'), 1000, '<'), masquerade],
        [match(meta('skgid'), 'staff'), masquerade],
        [match(meta('cgroup'), 7), masquerade],
      ],
    },
    'keep',
  ],
  [
    'a flow can be new and have another destination',
    {
      chains: { c: [[match(ct('status'), 'dnat', 'in'), accept], [masquerade]] },
      rules: [[match(ct('state'), 'new', 'in'), jump('c')]],
    },
    'keep',
  ],
  [
    "a word of conntrack's status is not compared as a whole",
    { rules: [[match(ct('status'), 'dnat', '!='), masquerade]] },
    'unfollowed (ct status != dnat)',
  ],
  [
    'a verdict map takes the element that fits',
    {
      rules: [[map(meta('iifname'), ['br0', { drop: null }], ['docker0', masquerade], ['docker0x', { accept: null }])]],
    },
    'unfollowed (iifname vmap { br0 : drop, docker0 : masquerade, docker0x : accept })',
  ],
  [
    'a verdict map of jumps',
    { chains: { c: [[masquerade]] }, rules: [[map(meta('iifname'), ['br0', { drop: null }], ['docker0', jump('c')])]] },
    'masquerade',
  ],
  [
    'nothing follows a map whose key is not in it',
    { rules: [[map(meta('iifname'), ['br0', accept])], [masquerade]] },
    'masquerade',
  ],
  [
    'an address by a map',
    {
      rules: [
        [
          {
            snat: {
              family: 'ip',
              addr: { map: { key: payload('ip', 'saddr'), data: { set: [['10.1.0.2', '192.0.2.5']] } } },
            },
          },
        ],
      ],
    },
    'snat 192.0.2.5',
  ],
  [
    'a source of the other family',
    { rules: [[{ snat: { family: 'ip6', addr: 'fd00::1' } }], [masquerade]] },
    'masquerade',
  ],
  [
    'a range of addresses with ports',
    {
      rules: [
        [
          {
            snat: {
              family: 'ip',
              addr: { range: ['192.0.2.5', '192.0.2.7'] },
              port: { range: [100, 200] },
              flags: ['persistent', 'random'],
            },
          },
        ],
      ],
    },
    'snat 192.0.2.5-192.0.2.7 :100-200 persistent',
  ],
  [
    'a whole network mapped to another',
    { rules: [[{ snat: { addr: { prefix: { addr: '192.0.2.0', len: 24 } }, flags: 'netmap' } }]] },
    'unfollowed (snat to 192.0.2.0/24 netmap)',
  ],
  ['ports that are higher', { rules: [[match(payload('tcp', 'dport'), 442, '>'), masquerade]] }, 'masquerade'],
  ['ports that are lower', { rules: [[match(payload('tcp', 'dport'), 443, '<'), masquerade]] }, 'keep'],
  ['a limit', { rules: [[{ limit: { rate: 5, per: 'second' } }, masquerade]] }, 'unfollowed (limit 5 second)'],
  ['a limit that only counts', { rules: [[{ limit: { rate: 5, per: 'second' } }, { counter: null }]] }, 'keep'],
  [
    'a packet that is written to',
    { rules: [[{ mangle: { key: payload('ip', 'saddr'), value: '192.0.2.1' } }]] },
    'unfollowed (ip saddr set 192.0.2.1)',
  ],
  ['a setting without an effect on addresses', { rules: [[{ mangle: { key: meta('nftrace'), value: 1 } }]] }, 'keep'],
  ['what only pings meet', { rules: [[match(payload('icmp', 'type'), 'echo-request'), masquerade]] }, 'keep'],
  ['an interface by its index', { rules: [[match(meta('oif'), '7'), masquerade]] }, 'unfollowed (oif 7)'],
  [
    'an interface whose name ends in a star',
    { rules: [[match(meta('oifname'), 'eth\\*'), masquerade]] },
    'unfollowed (oifname eth\\*)',
  ],
])('%s', (_, table, decision) => {
  expect(decided(table)).toBe(decision);
});
