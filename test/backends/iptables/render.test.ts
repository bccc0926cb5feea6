import fc from 'fast-check';
import { expect, test } from 'vitest';
import { portMatches } from '../../../src/backends/iptables/port-matches.ts';
import { creation, iptablesTables } from '../../../src/backends/iptables/render.ts';
import { containerSources } from '../../../src/backends/iptables/sources.ts';
import { compile } from '../../../src/plan/compile.ts';
import { portSet } from '../../../src/ports.ts';
import { sampleFacts, samplePolicy } from '../../support/samples.ts';

const manyRanges = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 0, max: 900 })), {
    minLength: 1,
    maxLength: 40,
  })
  .map((all) => portSet(...all.map(([from, size]) => ({ from, to: Math.min(65_535, from + size) }))));

/** What the matches of one protocol take, read back from their words. */
function taken(words: readonly string[]): ReturnType<typeof portSet> {
  const lists = words.flatMap((word) => /--sports? (\S+)$/.exec(word)?.[1]?.split(',') ?? []);
  return portSet(
    ...lists.map((part) => {
      const [from, to] = part.split(':').map(Number);
      return { from: from ?? 0, to: to ?? from ?? 0 };
    }),
  );
}

test('any set of ports becomes matches that take exactly these, at most 15 slots each', () => {
  fc.assert(
    fc.property(manyRanges, (ports) => {
      const words = portMatches('sport', ports, ['udp']).map((match) => match.words.join(' '));
      expect(taken(words)).toEqual(ports);
      for (const word of words.filter((one) => one.includes('multiport'))) {
        const parts = word.split(' ').at(-1)?.split(',') ?? [];
        expect(parts.reduce((sum, part) => sum + (part.includes(':') ? 2 : 1), 0)).toBeLessThanOrEqual(15);
      }
    }),
  );
});

test('chain names fit, and every chain that is gone to is there', () => {
  const ports = portSet(...Array.from({ length: 12 }, (_, i) => ({ from: 40_000 + i * 100, to: 40_050 + i * 100 })));
  const plan = compile({ ...samplePolicy, ports, forwarded: 'masquerade', guard: 'drop' }, sampleFacts);
  for (const { chains } of iptablesTables(plan, { by: 'interface' })) {
    const names = chains.map(({ name }) => name);
    expect(names.filter((name) => name.length > 28)).toEqual([]);
    const targets = chains.flatMap(({ rules }) =>
      rules.flatMap(({ target }) => target.join(' ').match(/PORTFENCE\S*/g) ?? []),
    );
    expect(targets.filter((target) => !names.includes(target))).toEqual([]);
  }
});

test('the shares of several ranges lead to each by its size', () => {
  const ports = portSet({ from: 40_000, to: 40_999 }, { from: 45_000, to: 47_999 }, { from: 50_000, to: 57_999 });
  const lines = creation(iptablesTables(compile({ ...samplePolicy, ports }, sampleFacts), { by: 'interface' }), 'nft');
  const odds = lines
    .filter((line) => /map-masquerade -p tcp .*spread/.test(line))
    .map((line) => Number(/probability (\S+)/.exec(line)?.[1]));
  let left = 1;
  const shares = odds.map((share) => {
    const part = left * share;
    left -= part;
    return part;
  });
  for (const [i, size] of [1000, 3000].entries()) expect(shares[i]).toBeCloseTo(size / 12_000, 9);
});

test('where arrival is not told, containers are the networks of engines and of their interfaces', () => {
  const facts = {
    ...sampleFacts,
    links: [
      ...sampleFacts.links,
      { name: 'docker0', kind: 'bridge', master: undefined, addresses: ['172.17.0.1/16', 'fe80::1/64'] },
      { name: 'br-lan', kind: 'bridge', master: undefined, addresses: ['192.168.7.1/24'] },
      { name: 'br-dada00000001', kind: 'bridge', master: undefined, addresses: ['172.18.0.1/16', 'fd00:18::1/64'] },
    ],
  };
  expect(containerSources(compile(samplePolicy, facts), facts)).toEqual([
    '172.17.0.0/16',
    '172.18.0.0/16',
    'fd00:18::/64',
  ]);
});
