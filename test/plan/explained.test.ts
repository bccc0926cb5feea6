import { expect, test } from 'vitest';
import { standingNat } from '../../src/nat/standing.ts';
import { compile } from '../../src/plan/compile.ts';
import type { HostFacts } from '../../src/plan/facts.ts';
import { parseFlow } from '../../src/plan/flow-text.ts';
import { locate } from '../../src/plan/locate.ts';
import { walk } from '../../src/plan/walk.ts';
import { explainedText } from '../../src/report/explained.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';

/** As kube-proxy writes them: a mark decides who is masqueraded. */
const SAVED = `*nat
:POSTROUTING ACCEPT [0:0]
:KUBE-POSTROUTING - [0:0]
-A POSTROUTING -j KUBE-POSTROUTING
-A POSTROUTING -d 198.51.100.0/24 -j ACCEPT
-A POSTROUTING -s 172.18.0.0/16 -m set --match-set pools src -j MASQUERADE
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -j MASQUERADE
COMMIT
`;
const bridge = { name: 'br-0123456789ab', kind: 'bridge', master: undefined, addresses: ['172.18.0.1/16'] };
const facts = {
  ...sampleFacts,
  links: [...sampleFacts.links, bridge],
  standingNat: standingNat({ saved: [{ backend: 'iptables-nft', family: 'ipv4', text: SAVED }] }),
};

function explained(text: string, host: HostFacts = facts) {
  const plan = compile(samplePolicy, host);
  const flow = parseFlow(text);
  const packet = locate(flow, host, plan);
  if (!packet) throw new Error(`nobody knows where ${text} is`);
  return explainedText(flow, packet, walk(plan, packet));
}

test('the rule of another that decides is named, and a mark leads to it', () => {
  const marked = explained('tcp 10.0.1.10:40001 > 203.0.113.10:443 mark 0x4000');
  const rule = 'iptables-nft nat KUBE-POSTROUTING: -j MASQUERADE';
  expect(marked.json).toMatchObject({
    outcome: 'mapped',
    address: { mode: 'masquerade' },
    rule,
    packet: { mark: 0x4000 },
  });
  expect(marked.text).toContain(`as this NAT rule decides: ${rule}`);
  expect(marked.text[1]).toBe('is made on this host, leaves by eth0, with mark 0x4000');
  const unmarked = explained('tcp 10.0.1.10:40001 > 203.0.113.10:443');
  expect(unmarked.json).toMatchObject({ outcome: 'mapped', address: { mode: 'keep' }, rule: null });
  expect(unmarked.text.join('\n')).not.toContain('this NAT rule decides');
});

test('the sender of a packet leads to a rule about its user', () => {
  const text = SAVED.replace(
    '-A POSTROUTING -d',
    '-A POSTROUTING -m owner --uid-owner 1000 -j MASQUERADE\n-A POSTROUTING -d',
  );
  const standing = standingNat({ saved: [{ backend: 'iptables-nft', family: 'ipv4', text }] });
  const owned = { ...facts, standingNat: standing };
  const told = (words: string) => explained(`tcp 10.0.1.10:40001 > 203.0.113.10:443${words}`, owned);
  expect(told('').json).toMatchObject({ address: { mode: 'keep' }, rule: null });
  expect(told(' user 1000').json).toMatchObject({ address: { mode: 'masquerade' } });
  expect(told(' user 1000 group 7').text[1]).toBe('is made on this host by user 1000, group 7, leaves by eth0');
});

test('a rule that keeps the address is named as well', () => {
  expect(explained('tcp 172.18.0.5:40001 > 198.51.100.1:443').json).toMatchObject({
    address: { mode: 'keep' },
    rule: 'iptables-nft nat POSTROUTING: -d 198.51.100.0/24 -j ACCEPT',
  });
});

test('a rule that can not be followed is named, with what becomes of the flow', () => {
  const { json, text } = explained('tcp 172.18.0.5:40001 > 203.0.113.10:443');
  expect(json).toMatchObject({ outcome: 'unfollowed', rule: expect.stringContaining('--match-set pools src') });
  expect(text.join('\n')).toContain('is left to a NAT rule that can not be followed');
});
