import { expect, test } from 'vitest';
import { chaos } from '../../bench/chaos/chaos.ts';
import { chaosPage } from '../../bench/chaos/page.ts';
import { ENGINE, needs } from '../support/needs.ts';

const CONNECTIONS = 2000;

needs(...ENGINE, 'conntrack')('a host on which everything happens', () => {
  test('cuts nothing, and leaks no port that the kernel chose, while every disturbance comes under both modes of the guard', async () => {
    const signal = new AbortController().signal;
    const quiet = { say: () => {}, progress: () => {}, signal };
    const seen = await chaos({ seed: 20, connections: CONNECTIONS, perSecond: 120, paceMs: [100, 900], ...quiet });
    const words = chaosPage(seen).join('\n');
    expect([seen.problems, seen.held.cuts], words).toEqual([[], []]);
    // A connection that begins in the very moment in which rules replace each other may keep its port until it is let go of.
    expect(seen.leaks.length, words).toBeLessThanOrEqual(2);
    expect(seen.leaks.filter(({ caller }) => caller?.chosen !== 'bound')).toEqual([]);
    expect(seen.rows.filter(({ tried, answered }) => tried > 0 && answered === 0)).toEqual([]);
    expect(seen.tried).toBeGreaterThanOrEqual(CONNECTIONS);
    expect(seen.disturbances.filter(({ done, impossible }) => done + impossible === 0)).toEqual([]);
    // A busy machine takes longer for the same connections, and so sees more rounds.
    expect(seen.heals?.count).toBeGreaterThanOrEqual(4);
  }, 300_000);
});
