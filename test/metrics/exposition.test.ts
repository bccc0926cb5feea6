import { expect, test } from 'vitest';
import { exposition } from '../../src/metrics/exposition.ts';
import { flowMetrics, TOP } from '../../src/metrics/flow-metrics.ts';
import { flowState } from '../flows/states.ts';

const FAMILY = {
  name: 'leaks',
  type: 'counter' as const,
  help: 'How "many"\nleaks.',
  samples: [{ labels: { to: 'a"b\\c\nd' }, value: 3 }],
};

test('a counter is named with _total where Prometheus reads its own format, and without in OpenMetrics', () => {
  expect(exposition([FAMILY], 'text')).toContain('# TYPE leaks_total counter\nleaks_total{to="a\\"b\\\\c\\nd"} 3\n');
  expect(exposition([FAMILY], 'openmetrics')).toContain('# TYPE leaks counter\nleaks_total{');
});

test('a family without samples is left out', () => {
  expect(exposition([{ ...FAMILY, samples: [] }], 'openmetrics')).toBe('# EOF\n');
});

test('a thousand destinations and containers make as many series as fifty', () => {
  const series = (count: number) => flowMetrics(flowState(count)).flatMap(({ samples }) => samples).length;
  expect(series(1000)).toBe(series(50));
});

test('what is not among the fullest is summed up as other', () => {
  const used = flowMetrics(flowState(30)).find(({ name }) => name === 'portfence_destination_used_ports');
  expect(used?.samples).toHaveLength(TOP + 1);
  expect(used?.samples.at(-1)).toMatchObject({ labels: { destination: 'other' } });
  const total = used?.samples.reduce((sum, { value }) => sum + value, 0);
  expect(total).toBe(flowState(30).report.totals.leaving);
});
