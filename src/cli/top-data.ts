import { presentFences } from '../backends/fences.ts';
import { type FlowQuestion, observeFlowReport } from '../flows/flow-report.ts';
import { follow, NO_TREND, type Trend } from '../flows/occupancy.ts';
import { readInsertFailures } from '../observe/port-shortage.ts';
import { readAgentStatus } from '../reconcile/agent-status-file.ts';
import { type FenceTotals, fenceTotals } from '../reconcile/fence-status.ts';
import type { TopData } from '../report/top/view.ts';
import type { System } from '../system/system.ts';

interface Counted {
  readonly at: number;
  readonly totals: FenceTotals | undefined;
  readonly drops: number;
}

/** Gives a look at each call, with the rates since the call before. Throws what looking throws. */
export function topSource(system: System, question: FlowQuestion): () => Promise<TopData> {
  let before: Counted | undefined;
  let trend: Trend = NO_TREND;
  return async () => {
    const [{ report }, fences, status, drops] = await Promise.all([
      observeFlowReport(system, question),
      presentFences(system),
      readAgentStatus(system).catch(() => undefined),
      system.readText('/proc/net/stat/nf_conntrack').catch(() => undefined),
    ]);
    const [fence] = fences;
    const counted: Counted = {
      at: system.now(),
      totals: fence && fenceTotals(fence.listing),
      drops: drops === undefined ? 0 : readInsertFailures(drops),
    };
    const rates = ratesBetween(before, counted);
    before = counted;
    trend = follow(trend, report);
    const layers = fence?.backend.layers(fence.listing);
    return {
      ...{ now: counted.at, report, status, rates, ranges: question.plan.ranges },
      destinations: [...trend.destinations.values()],
      layers: layers ? `confine ${layers.confine ? 'on' : 'OFF'}, guard ${layers.guard ? 'on' : 'off'}` : 'NO FENCE',
    };
  };
}

function ratesBetween(before: Counted | undefined, now: Counted): TopData['rates'] {
  if (!before?.totals || !now.totals || now.at <= before.at) return undefined;
  const seconds = (now.at - before.at) / 1000;
  // A counter that went back was made anew.
  const rate = (from: number, to: number): number => Math.max(0, to - from) / seconds;
  return {
    confined: rate(before.totals.confined, now.totals.confined),
    leaked: rate(before.totals.leaked, now.totals.leaked),
    dropped: rate(before.drops, now.drops),
  };
}
