import { expect, test } from 'vitest';
import { chaos } from '../../bench/chaos/chaos.ts';
import { chaosPage } from '../../bench/chaos/page.ts';
import { ENGINE, needs } from '../support/needs.ts';

const CONNECTIONS = 2000;

needs(...ENGINE, 'conntrack')('a host on which everything happens', () => {
  test('leaks nothing and cuts nothing while every disturbance comes, under both modes of the guard', async () => {
    const signal = new AbortController().signal;
    const quiet = { say: () => {}, progress: () => {}, signal };
    const seen = await chaos({ seed: 20, connections: CONNECTIONS, perSecond: 120, paceMs: [100, 900], ...quiet });
    expect(seen.kept, chaosPage(seen).join('\n')).toBe(true);
    expect(seen.tried).toBeGreaterThanOrEqual(CONNECTIONS);
    expect(seen.disturbances.filter(({ done, impossible }) => done + impossible === 0)).toEqual([]);
    expect(seen.heals?.count).toBe(4);
  }, 300_000);
});
