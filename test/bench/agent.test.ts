import process from 'node:process';
import { expect, test } from 'vitest';
import type { EnduranceResult } from '../../bench/agent/endurance.ts';
import { judgeLatency } from '../../bench/agent/latency-target.ts';
import { endurancePage, healPage, nativePage } from '../../bench/agent/page.ts';
import { processTreeUsage } from '../../bench/agent/process-usage.ts';
import { startChild } from '../../src/system/child.ts';

const versions = { portfence: '1.2.3' };
const PROMISE = { medianMs: 15, p99Ms: 40 };

test.each<[readonly number[], boolean, string]>([
  [[30, 1, 2], true, 'each below its promise'],
  [[16, 17, 1], false, 'a median that is too long'],
  [[1, 2, 41], false, 'a tail that is too long'],
  [[], false, 'nothing measured'],
])('%j is met: %s (%s)', (samples, met) => {
  expect(judgeLatency(samples, PROMISE).met).toBe(met);
});

test('the pages say what was seen, and what is not as promised', () => {
  const good = judgeLatency([1, 2, 30], PROMISE);
  const bad = judgeLatency([1, 2, 300], PROMISE);
  expect(healPage({ versions, ...bad }).at(-1)).toMatch(/2\.0 ms \| 300\.0 ms .*\*\*no\*\*/);
  const starts = [{ how: 'one after another', started: 200, inTime: 199 }];
  const packets = { inRange: 4000, outOfRange: 0 };
  const native = nativePage({ versions, one: good, crowd: bad, starts, packets, met: false }).join('\n');
  expect(native).toMatch(/one after another +\| +3 \| .* yes/);
  expect(native).toMatch(/20 at once +\| +3 \| .*\*\*no\*\*/);
  expect(native).toMatch(/one after another +\| +200 \| +199 \|/);
  expect(native.replaceAll('\n', ' ')).toContain('4,000 packets with an allowed source port, 0 with another.');
  const endurance: EnduranceResult = {
    ...{ versions, starts: 20_000, megabytes: { before: 50, highest: 120, after: 80.1 } },
    ...{ idlePercent: 0.1, idleSeconds: 125, leftOver: 1, met: false },
  };
  const lines = endurancePage(endurance);
  expect(lines.find((line) => line.includes('after the last'))).toContain('**no**');
  expect(lines.find((line) => line.includes('CPU'))).toContain('yes');
  expect(lines.find((line) => line.includes('held on to'))).toContain('**no**');
});

test('what a process uses includes its children', async () => {
  const before = await processTreeUsage(process.pid);
  const child = await startChild(['sh', '-c', 'echo ready; cat']);
  const withChild = await processTreeUsage(process.pid);
  const alone = await processTreeUsage(child.pid);
  await child.stop();
  expect(alone.megabytes).toBeGreaterThan(0.1);
  expect(before.megabytes).toBeGreaterThan(10);
  expect(withChild.megabytes).toBeGreaterThan(alone.megabytes);
});
