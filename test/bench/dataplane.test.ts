import { describe, expect, test } from 'vitest';
import { CASES } from '../../bench/dataplane/cases.ts';
import { together } from '../../bench/dataplane/load.ts';
import { dataplaneCharts, dataplanePage } from '../../bench/dataplane/page.ts';
import { inTurns, openLoop } from '../../bench/dataplane/programs/turns.ts';
import type { Cell, DataplaneResult, Row } from '../../bench/dataplane/result.ts';
import { judge } from '../../bench/dataplane/targets.ts';

const good: Cell = { started: 4, failed: 0, seconds: 2, latencies: [1, 2, 3, 4], outOfRange: 0 };
const rowsWith = (change: (id: Row['case']['id']) => Partial<Cell>): readonly Row[] =>
  CASES.map((one) => ({
    case: one,
    cells: { none: good, rule: good, confine: good, native: { ...good, ...change(one.id) } },
  }));

describe('the promises', () => {
  const unmet = (change: (id: Row['case']['id']) => Partial<Cell>) =>
    judge(rowsWith(change)).flatMap(({ met, promise }) => (met ? [] : [promise.slice(0, 12)]));

  test('are kept by one that is as good as no fence', () => expect(unmet(() => ({}))).toEqual([]));

  test.each<[string, Row['case']['id'], Partial<Cell>, string]>([
    ['a slower p99', 'paced1000', { latencies: [1, 2, 3, 5.3] }, '1 container,'],
    ['a failure', 'paced1000', { failed: 1 }, '1 container,'],
    ['nothing that came through', 'paced1000', { latencies: [], failed: 4 }, '1 container,'],
    ['more than 15 ms with four containers', 'four', { latencies: [1, 2, 3, 15.1] }, '4 containers'],
    ['a failure with four containers', 'four', { failed: 1 }, '4 containers'],
    ['a slower p99 of many over IPv6', 'twenty6', { latencies: [1, 2, 3, 4.1] }, '20 container'],
    ['a failure of many among rules', 'twenty-rules', { failed: 1 }, '20 container'],
    ['a slow closed loop', 'closed', { seconds: 2.5 }, 'closed loop:'],
    ['a connection that is not held', 'held', { failed: 1 }, '4 connection'],
    ['one that is held too late', 'held', { latencies: [1, 2, 3, 5100] }, '4 connection'],
    ['a packet out of range', 'udp', { outOfRange: 1 }, 'packets out '],
  ])('are not kept with %s', (_, id, cell, promise) => {
    expect(unmet((one) => (one === id ? cell : {}))).toEqual([promise]);
  });
});

test('several loads at once count as one', () => {
  const one = { started: 3, failed: 1, seconds: 2, latencies: [1, 5] };
  const other = { started: 2, failed: 0, seconds: 3, latencies: [2, 3] };
  expect(together([one, other])).toEqual({ started: 5, failed: 1, seconds: 3, latencies: [1, 2, 3, 5] });
});

test('a paced load starts as many as its rate says, and counts what failed', async () => {
  let count = 0;
  const loaded = await openLoop({ rate: 1000, seconds: 0.05 }, async () => (++count % 5 === 0 ? undefined : count));
  expect(loaded.started).toBe(count);
  expect(loaded.failed).toBe(Math.floor(count / 5));
  expect(loaded.latencies).toHaveLength(count - loaded.failed);
});

test('a closed loop has no more than so many at the same time', async () => {
  let running = 0;
  let most = 0;
  await inTurns({ together: 3, seconds: 0.02 }, async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running -= 1;
    return 1;
  });
  expect(most).toBe(3);
});

test('the page shows every case under every fence, the promises, and a chart where there is one', () => {
  const rows = rowsWith((id) => (id === 'udp' ? { outOfRange: 7 } : {}));
  const targets = judge(rows);
  const seen: DataplaneResult = { versions: { nft: '1' }, cores: 2, seconds: 40, rows, targets, met: false };
  const page = dataplanePage(seen);
  for (const { name } of CASES) expect(page).toContain(`## ${name}`);
  expect(page.filter((line) => line.startsWith('| portfence, native + confine '))).toHaveLength(CASES.length);
  expect(page.find((line) => line.startsWith('| packets out of range'))).toContain('| 7 | **no** |');
  for (const { file, lines } of dataplaneCharts(seen)) {
    expect(page.some((line) => line.endsWith(`(${file})`))).toBe(true);
    expect(lines.filter((line) => line.startsWith('<polyline'))).toHaveLength(4);
    expect(lines.join('')).not.toMatch(/NaN|Infinity|undefined/);
  }
});
