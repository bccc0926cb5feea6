import { expect, test } from 'vitest';
import type { StandingNatResult } from '../../bench/standing-nat/bench.ts';
import { kubeProxyRules, sourceNatRules } from '../../bench/standing-nat/foreign-rules.ts';
import { standingNatPage } from '../../bench/standing-nat/page.ts';
import { follow } from '../../src/nat/follow.ts';
import { standingNat } from '../../src/nat/standing.ts';

const summary = (min: number) => ({ count: 3, min, median: min + 10, max: min + 20 });
const ruleCount = (text: string): number => text.split('\n').filter((line) => line.startsWith('-A ')).length;

test.each([
  [500, kubeProxyRules],
  [5000, kubeProxyRules],
  [500, sourceNatRules],
  [5000, sourceNatRules],
])('there are about %i rules, all of which can be followed', (count, rules) => {
  const text = rules(count);
  expect(ruleCount(text)).toBeGreaterThan(0.98 * count);
  expect(ruleCount(text)).toBeLessThanOrEqual(count);
  const { ipv4 } = standingNat({ saved: [{ backend: 'iptables-nft', family: 'ipv4', text }] });
  const ends = [...follow(ipv4).chains.values()].flat().map(({ verdict }) => verdict);
  expect(ends.some((verdict) => verdict.do === 'decide' && verdict.decision.do === 'unfollowed')).toBe(false);
});

test('the page says what is not as promised, and on how busy a machine', () => {
  const seen: StandingNatResult = {
    ...{ versions: { nft: '1' }, cores: 2, load: 7.25, rounds: 40, met: false },
    flows: [
      {
        maker: 'kube-proxy',
        what: 'connection',
        source: 'kept',
        bare: summary(10),
        fenced: summary(10.5),
        ratio: 1.05,
      },
      { maker: 'source NAT', what: 'connection', source: 'mapped', bare: summary(10), fenced: summary(12), ratio: 1.2 },
    ],
    looks: [
      { maker: 'kube-proxy', rules: 5000, look: summary(95) },
      { maker: 'source NAT', rules: 5000, look: summary(400) },
    ],
  };
  const page = standingNatPage(seen).join('\n');
  expect(page).toContain('nft 1, 2 cores, load 7.3.');
  expect(page).toMatch(/kube-proxy \| connection \| kept +\| +10\.0 µs \| +10\.5 µs \| +1\.05 \| +1\.1 x \| yes/);
  expect(page).toMatch(
    /source NAT \| connection \| mapped \| +10\.0 µs \| +12\.0 µs \| +1\.20 \| +1\.1 x \| \*\*no\*\*/,
  );
  expect(page).toMatch(/kube-proxy \| +5,000 \| 105 ms \| +95 ms \| 115 ms \| 100 ms \| \*\*no\*\*/);
  expect(page).toMatch(/source NAT \| +5,000 \| 410 ms \| 400 ms \| 420 ms \| +\| +\|/);
});
