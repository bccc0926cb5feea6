import { quantile } from '../statistics.ts';
import { type Case, CROWDED_IDS } from './cases.ts';
import type { MeasuredFence } from './fences.ts';
import type { Cell, Judged, Row } from './result.ts';

const SLOW_MS = 900;
const HELD_WITHIN_S = 5;

/** Milliseconds until 99 of 100 were open; infinite where none was. */
export const p99 = ({ latencies }: Cell): number => quantile(latencies, 0.99) ?? Number.POSITIVE_INFINITY;
/** Connections that took longer than it takes to send a first packet again, in percent of those begun. */
export const slow = ({ latencies, failed, started }: Cell): number =>
  (100 * (latencies.filter((ms) => ms > SLOW_MS).length + failed)) / Math.max(1, started);
/** Connections a second that did not fail. */
export const perSecond = ({ latencies, seconds }: Cell): number => latencies.length / seconds;
const ms = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(1)} ms` : 'none came through');

/** What native + confine is to reach, beside no fence in the same run. */
export function judge(rows: readonly Row[]): readonly Judged[] {
  const cell = (id: Case['id'], fence: MeasuredFence['id']): Cell => {
    const found = rows.find((row) => row.case.id === id)?.cells[fence];
    if (!found) throw new RangeError(`${id} was not run with ${fence}`);
    return found;
  };
  const one = cell('paced1000', 'native');
  const bare = cell('paced1000', 'none');
  const four = cell('four', 'native');
  const held = cell('held', 'native');
  const fast = perSecond(cell('closed', 'native')) / perSecond(cell('closed', 'none'));
  const heldSeconds = (held.latencies.at(-1) ?? 0) / 1000;
  const strays = rows.reduce((sum, row) => sum + row.cells.native.outOfRange + row.cells.confine.outOfRange, 0);
  return [
    {
      promise: '1 container, 1,000/s: p99 at most 1.3 x no fence, none failed',
      seen: `${ms(p99(one))}, no fence ${ms(p99(bare))} (${(p99(one) / p99(bare)).toFixed(2)} x), ${one.failed} failed`,
      met: p99(one) <= 1.3 * p99(bare) && one.failed === 0,
    },
    {
      promise: '4 containers, 250/s each: p99 at most 15 ms, none failed, none over 0.9 s',
      seen: `${ms(p99(four))}, ${four.failed} failed, ${slow(four).toFixed(2)} % over 0.9 s`,
      met: p99(four) <= 15 && slow(four) === 0,
    },
    ...rows
      .filter((row) => CROWDED_IDS.some((id) => id === row.case.id))
      .map(({ case: { name, id } }) => {
        const [crowd, without] = [cell(id, 'native'), cell(id, 'none')];
        return {
          promise: `${name.replace(' connections/s', '/s')}: p99 at most that of no fence, none failed, none over 0.9 s`,
          seen: `${ms(p99(crowd))}, ${crowd.failed} failed, ${slow(crowd).toFixed(2)} % over 0.9 s; no fence ${ms(p99(without))}, ${without.failed} failed, ${slow(without).toFixed(2)} % over 0.9 s`,
          met: p99(crowd) <= p99(without) && slow(crowd) === 0,
        };
      }),
    {
      promise: 'closed loop: at least 0.85 x no fence',
      seen: `${fast.toFixed(2)} x`,
      met: fast >= 0.85,
    },
    {
      promise: `${held.started.toLocaleString('en')} connections held within ${HELD_WITHIN_S} s`,
      seen: `${(held.started - held.failed).toLocaleString('en')} in ${heldSeconds.toFixed(1)} s`,
      met: held.failed === 0 && heldSeconds <= HELD_WITHIN_S,
    },
    { promise: 'packets out of range under portfence: 0', seen: String(strays), met: strays === 0 },
  ];
}
