import fc from 'fast-check';
import { expect, test } from 'vitest';
import { iptables } from '../../src/backends/iptables/backend.ts';
import { creation, nftTable } from '../../src/backends/nftables/render.ts';
import { standingNat } from '../../src/nat/standing.ts';
import { compile } from '../../src/plan/compile.ts';
import type { HostFacts } from '../../src/plan/facts.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { FAMILIES } from '../../src/ports.ts';
import { savedText } from '../nat/iptables-words.ts';
import { anyChains } from '../nat/random-rules.ts';
import { anyFacts, anyPolicy } from '../support/arbitraries.ts';
import { sampleFacts, samplePolicy } from '../support/samples.ts';

/** What the kernel takes, base chain and gotos counted (NFT_JUMP_STACK_SIZE, nf_tables_api.c). */
const DEEPEST = 16;

/** Chains that each jump to the next for some flows, and masquerade others. */
function nested(count: number): string {
  const names = Array.from({ length: count }, (_, i) => (i === 0 ? 'POSTROUTING' : `DEEP-${i}`));
  const rules = names.flatMap((name, i) => [
    `-A ${name} -d 203.0.113.${i}/32 -j MASQUERADE`,
    ...(i + 1 < count ? [`-A ${name} -s 10.0.0.0/${8 + i} -j ${names[i + 1]}`] : []),
    `-A ${name} -d 198.51.100.${i}/32 -j SNAT --to-source 192.0.2.${i + 1}`,
  ]);
  const declared = names.map((name, i) => `:${name} ${i === 0 ? 'ACCEPT' : '-'} [0:0]`);
  return ['*nat', ...declared, ...rules, 'COMMIT', ''].join('\n');
}

const anyText = fc.oneof(anyChains.map(savedText), fc.integer({ min: 1, max: 14 }).map(nested));
const anyStanding = fc.tuple(anyText, anyText).map(([newer, older]) =>
  standingNat({
    saved: [
      { backend: 'iptables-nft', family: 'ipv4', text: newer },
      { backend: 'iptables-legacy', family: 'ipv4', text: older },
    ],
  }),
);

/** By chain: what each of its rules jumps or goes to. */
type Calls = ReadonlyMap<string, readonly (readonly string[])[]>;

function depth(calls: Calls, start: string, known = new Map<string, number>()): number {
  const before = known.get(start);
  if (before !== undefined) return before;
  const inside = (calls.get(start) ?? []).flat().map((to) => depth(calls, to, known));
  const own = 1 + Math.max(0, ...inside);
  known.set(start, own);
  return own;
}

/** How many rules the kernel walks to check them: those behind a rule once for every way that leads to it (nft_chain_validate). */
function walked(calls: Calls, start: string, known = new Map<string, number>()): number {
  const before = known.get(start);
  if (before !== undefined) return before;
  const count = (calls.get(start) ?? []).reduce(
    (sum, targets) => targets.reduce((all, to) => all + walked(calls, to, known), sum + 1),
    0,
  );
  known.set(start, count);
  return count;
}

/** Who calls whom; `chains` in the lines may stand in maps of verdicts too. */
function callsIn(lines: readonly string[], { rule, call }: { readonly rule: RegExp; readonly call: RegExp }): Calls {
  const calls = new Map<string, (readonly string[])[]>();
  for (const line of lines) {
    const [, from = '', words = ''] = rule.exec(line) ?? [];
    const to = [...words.matchAll(call)].map((match) => match[1] ?? '');
    calls.set(from, [...(calls.get(from) ?? []), to]);
  }
  return calls;
}

const NFT = { rule: /^add rule inet portfence (\S+) (.*)$/, call: /(?:goto|jump) ([^\s,}]+)/g };

const IPTABLES = { rule: /^-[AI] (\S+)(.*)$/, call: / -[gj] (PORTFENCE\S*)/g };
const overIptables = iptables({ variant: 'nft', seesArrival: true, families: FAMILIES });
const tablesOf = (plan: Plan, facts: HostFacts): readonly (readonly string[])[] =>
  overIptables
    .creation(plan, facts)
    .join('\n')
    .split(/^(?=\*)/m)
    .map((table) => table.split('\n'));

test('the kernel checks the rules in few steps, whatever NAT rules are followed', () => {
  fc.assert(
    fc.property(anyPolicy, anyFacts, anyStanding, (policy, part, standing) => {
      const lines = creation(nftTable(compile(policy, { ...part, standingNat: standing })));
      const calls = callsIn(lines, NFT);
      expect(walked(calls, 'confine') + walked(calls, 'guard')).toBeLessThanOrEqual(1000 * lines.length);
    }),
    { numRuns: 60 },
  );
});

test('over iptables, where names and a jump that comes back can not say the same, in not many', () => {
  for (const table of tablesOf(compile(samplePolicy, sampleFacts), sampleFacts))
    expect(walked(callsIn(table, IPTABLES), 'POSTROUTING')).toBeLessThanOrEqual(1500 * table.length);
});

test('no way through the rules is deeper than the kernel takes, whatever NAT rules are followed', () => {
  fc.assert(
    fc.property(anyPolicy, anyFacts, anyStanding, (policy, part, standing) => {
      const facts = { ...part, standingNat: standing };
      const plan = compile(policy, facts);
      const nft = callsIn(creation(nftTable(plan)), NFT);
      expect(Math.max(depth(nft, 'confine'), depth(nft, 'guard'))).toBeLessThanOrEqual(DEEPEST);
      for (const table of tablesOf(plan, facts))
        expect(depth(callsIn(table, IPTABLES), 'POSTROUTING')).toBeLessThanOrEqual(DEEPEST);
    }),
    { numRuns: 60 },
  );
});
