import type { Line, Part } from './screen.ts';

const BARS = [...' ▁▂▃▄▅▆▇█'];
const PORTS = 65_536;

/** Connections by port as a row of bars, and the allowed ranges as a row below. `groups` are counts of equally many ports. */
export function portMapLines(
  groups: readonly number[],
  ranges: readonly { readonly from: number; readonly to: number }[],
  columns: number,
): Line[] {
  const width = Math.max(16, Math.min(columns, 128));
  const each = PORTS / width;
  const cells = Array.from({ length: width }, (_, i) => {
    const [from, to] = [i * each, (i + 1) * each];
    const [first, last] = [Math.floor((from / PORTS) * groups.length), Math.ceil((to / PORTS) * groups.length)];
    const count = groups.slice(first, last).reduce((sum, one) => sum + one, 0);
    return { count, allowed: ranges.some((range) => range.from < to && range.to >= from) };
  });
  const most = Math.max(1, ...cells.map(({ count }) => count));
  const bar = (count: number): string =>
    BARS[count === 0 ? 0 : Math.max(1, Math.ceil((count / most) * (BARS.length - 1)))] ?? ' ';
  return [
    cells.map(({ count, allowed }): Part => [bar(count), allowed ? 'good' : 'bad']),
    cells.map(({ allowed }): Part => [allowed ? '━' : '─', allowed ? 'good' : 'dim']),
  ];
}
