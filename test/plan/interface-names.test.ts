import { expect, test } from 'vitest';
import { creation, nftTable } from '../../src/backends/nftables/render.ts';
import { commentOf } from '../../src/backends/nftables/table.ts';
import { standingNat } from '../../src/nat/standing.ts';
import { compile } from '../../src/plan/compile.ts';
import { clipped } from '../../src/scrub.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';

const ODD = ['br-aa*', 'br-aa","evil', 'br-aa"x', 'br-aa",docker0', 'br-a b', 'eni*'];
const links = ODD.map((name) => ({ name, kind: 'veth', master: undefined, addresses: ['10.9.0.1/24'] }));
/** All but the subnets of containers, which a bridge of any name may have. */
const rules = (facts: typeof sampleFacts): readonly string[] =>
  creation(nftTable(compile(samplePolicy, facts))).filter((line) => !/^add element .* translated_/.test(line));

test('a link whose name no rule can hold changes nothing in the rules', () => {
  const facts = { ...sampleFacts, podDevices: ODD };
  expect(rules({ ...facts, links: [...facts.links, ...links] })).toEqual(rules(sampleFacts));
});

test('a rule of another that names such an interface can not be followed, and does not end ours', () => {
  const text = '*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING ! -o br-aa"x -j MASQUERADE\nCOMMIT\n';
  const facts = {
    ...sampleFacts,
    standingNat: standingNat({ saved: [{ backend: 'iptables-nft', family: 'ipv4', text }] }),
  };
  const plan = compile(samplePolicy, facts);
  expect(plan.nat.unfollowed).toHaveLength(1);
  for (const line of creation(nftTable(plan))) expect((line.match(/"/g) ?? []).length % 2).toBe(0);
});

test('a comment is cut by bytes, and never within a character', () => {
  expect(clipped('aä€', 3)).toBe('aä');
  expect(clipped('a€', 3)).toBe('a');
  const comment = commentOf({ id: 'x', text: '', why: 'ü'.repeat(200) });
  expect(Buffer.byteLength(comment)).toBeLessThanOrEqual(127);
});
