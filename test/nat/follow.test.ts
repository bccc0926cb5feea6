import process from 'node:process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NatFlow } from '../../src/nat/flow.ts';
import { follow } from '../../src/nat/follow.ts';
import type { FollowOptions } from '../../src/nat/known-answers.ts';
import type { BaseChain, NatRule } from '../../src/nat/model.ts';
import type { Decision } from '../../src/nat/program.ts';
import { walkProgram } from '../../src/nat/walk.ts';
import { interpret } from './interpret.ts';
import { anyChains, type RandomChains, WORDS } from './random-rules.ts';

const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_125);

const anyBases = fc.array(
  fc.record({
    chains: anyChains,
    drops: fc.boolean(),
    /** Rules that also ask what the model has no words for. */
    opaque: fc.array(fc.tuple(fc.constantFrom('POSTROUTING', 'ONE', 'TWO', 'THREE'), fc.nat({ max: 4 })), {
      maxLength: 3,
    }),
  }),
  { minLength: 1, maxLength: 3 },
);

const anyFlow = fc
  .record({
    source: fc.constantFrom('10.1.0.2', '10.1.0.3', '10.2.0.2', '198.51.100.2', '192.168.0.1'),
    destination: fc.constantFrom('203.0.113.10', '203.0.113.11', '192.0.2.10'),
    destinationPort: fc.constantFrom(...WORDS.ports),
    arrived: fc.constantFrom('in0', 'in1', undefined),
    leaves: fc.constantFrom('out0', 'out1'),
    mark: fc.constantFrom(0, ...WORDS.marks),
    protocol: fc.constantFrom(6, 17),
    owner: fc.record({ user: fc.constantFrom(0, 1000, 3000), group: fc.constantFrom(0, 1000) }),
    local: fc.boolean(),
  })
  .map(
    ({ local, ...flow }): NatFlow => ({
      ...flow,
      family: 'ipv4',
      sourcePort: 20_000,
      states: ['new'],
      types: {
        source: { anywhere: local ? 'local' : 'unicast', onLeaving: 'unicast' },
        destination: { anywhere: 'unicast', onLeaving: 'unicast' },
      },
    }),
  );

function basesOf(
  told: readonly { chains: RandomChains; drops: boolean; opaque: readonly [string, number][] }[],
): readonly BaseChain[] {
  return told.map(({ chains, drops, opaque }, i) => ({
    backend: 'nftables',
    table: `ip t${i}`,
    name: 'POSTROUTING',
    priority: 100,
    policy: drops ? 'drop' : 'accept',
    chains: new Map(
      [...chains].map(([chain, rules]) => [
        chain,
        rules.map(({ when, verdict }, at): NatRule => {
          const text = `${i} ${chain} ${at}`;
          const isOpaque = opaque.some(([name, index]) => name === chain && index === at);
          return {
            when: isOpaque ? [...when, { test: 'opaque', text }] : when,
            verdict,
            source: { backend: 'nftables', table: `ip t${i}`, chain, text },
          };
        }),
      ]),
    ),
  }));
}

function decisionText(decision: Decision): string {
  return decision.do === 'snat' ? `snat ${decision.addresses?.from}` : decision.do;
}

const ways: Readonly<Record<string, (flow: NatFlow) => FollowOptions>> = {
  'for any flow': () => ({}),
  'for the flows at hand alone': ({ leaves, protocol }) => ({ leavesBy: [leaves], protocols: [protocol] }),
  'for uplinks by a pattern': () => ({ leavesBy: ['out*', 'eth0'] }),
  'in few chains': () => ({ mostDepth: 2 }),
};

test.each(Object.entries(ways))('what is followed is what the rules decide, %s', (_, options) => {
  let [followed, all] = [0, 0];
  const property = fc.property(
    anyBases,
    fc.array(anyFlow, { minLength: 5, maxLength: 5 }),
    fc.nat(),
    (told, flows, bits) => {
      const bases = basesOf(told);
      for (const flow of flows) {
        const decision = walkProgram(follow(bases, options(flow)), flow);
        all += 1;
        if (decision.do === 'unfollowed') continue;
        followed += 1;
        const answers = (text: string) => ((bits * (text.length + text.charCodeAt(text.length - 1))) & 16) !== 0;
        expect(decisionText(decision)).toBe(interpret(bases, flow, answers));
      }
    },
  );
  fc.assert(property, { seed: SEED, numRuns: Number(process.env['FUZZ_RUNS'] ?? 150) });
  expect(followed / all).toBeGreaterThan(0.5);
});

test('no way is longer than it may be', () => {
  const property = fc.property(anyBases, (told) => {
    expect(follow(basesOf(told), { mostDepth: 2 }).depth).toBeLessThanOrEqual(2);
  });
  fc.assert(property, { seed: SEED, numRuns: 100 });
});

const withoutLimit = Object.entries(ways).filter(([name]) => name !== 'in few chains');
test.each(withoutLimit)('what has no opaque rule is followed wholly, %s', (_, options) => {
  const property = fc.property(anyBases, anyFlow, (told, flow) => {
    const bases = basesOf(told.map((one) => ({ ...one, opaque: [] })));
    const decision = walkProgram(follow(bases, options(flow)), flow);
    expect(decisionText(decision)).toBe(interpret(bases, flow, () => false));
  });
  fc.assert(property, { seed: SEED, numRuns: Number(process.env['FUZZ_RUNS'] ?? 150) });
});
