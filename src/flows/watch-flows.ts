import { type ContainerName, observeContainerNames } from '../observe/container-names.ts';
import { readInsertFailures } from '../observe/port-shortage.ts';
import type { HostFacts } from '../plan/facts.ts';
import type { Plan } from '../plan/plan.ts';
import type { System } from '../system/system.ts';
import { type FlowReport, flowReport } from './flow-report.ts';
import { observeFlowScan } from './observe-flows.ts';
import { follow, NO_TREND, type Occupancy, type Trend } from './occupancy.ts';
import { type CountedServices, rateSet } from './rate-set.ts';
import { type PlacedPair, pairRows } from './rows.ts';
import { flowScope } from './scope.ts';

/** What a running agent knows of the flows. */
export interface FlowState {
  readonly report: FlowReport;
  /** The fullest first. */
  readonly destinations: readonly Occupancy[];
  /** Who has the most connections with whom; `name` is the container's, or null. */
  readonly pairs: readonly NamedPair[];
  /** New connections that the kernel dropped since it started, for lack of ports or of room in its table. */
  readonly drops: number | null;
  /** New connections by service; undefined where the kernel does not count them. */
  readonly rates: CountedServices | undefined;
}

/** A source and a destination, with the source's name. */
export interface NamedPair extends PlacedPair {
  readonly name: string | null;
}

export interface FlowWatch {
  current(): FlowState | undefined;
  /** Why the last look failed, or undefined. */
  problem(): string | undefined;
  /** What the host is like now; the first call lets the looks begin. */
  know(plan: Plan, facts: HostFacts): void;
  /** The fence is removed: nothing is looked at until the next `know`, and nothing of ours stays in the kernel. */
  forget(): Promise<void>;
  close(): Promise<void>;
}

interface Options {
  readonly sockets: readonly string[];
  readonly onLook: (state: FlowState) => void;
}

/** Milliseconds between two looks; a look that takes long comes less often, so that it costs 5 % of a core at most. */
const PAUSE_MS = 30_000;
const PAUSE_TIMES = 20;
/** How many destinations and sources are kept: what metrics and pages show of them is bounded by it. */
const MOST = 50;
const MOST_PAIRS = 300;
/** Milliseconds after which engines are asked anew for names; a new address asks earlier. */
const NAMES_AGE_MS = 300_000;

/** Looks at the flows of a host whose plan is known, again and again, until it is closed. */
export function watchFlows(system: System, { sockets, onLook }: Options): FlowWatch {
  let known: { readonly plan: Plan; readonly facts: HostFacts } | undefined;
  let state: FlowState | undefined;
  let trend: Trend = NO_TREND;
  let problem: string | undefined;
  let names: { readonly at: number; readonly all: ReadonlyMap<string, ContainerName> } = { at: 0, all: new Map() };
  const counting = rateSet(system);
  const closing = new AbortController();
  const nameAll = async (report: FlowReport): Promise<boolean> => {
    const age = system.now() - names.at;
    const isStrange = report.sources.some(({ kind, address }) => kind === 'container' && !names.all.has(address));
    if (report.containers.length === 0 || age < (isStrange ? PAUSE_MS / 2 : NAMES_AGE_MS)) return false;
    names = { at: system.now(), all: await observeContainerNames(system, sockets) };
    return true;
  };
  const look = async (): Promise<void> => {
    if (!known) return;
    const question = { ...known, sockets, most: MOST };
    try {
      const seen = await observeFlowScan(system, flowScope(known.plan, known.facts));
      let report = flowReport(seen, { ...question, names: names.all });
      if (await nameAll(report)) report = flowReport(seen, { ...question, names: names.all });
      const rates = await counting.read(
        known.plan,
        known.facts.links.map(({ name }) => name),
      );
      trend = follow(trend, report);
      const pairs = pairRows(seen.scan, MOST_PAIRS).map((one) => ({
        ...one,
        name: names.all.get(one.source)?.name ?? null,
      }));
      const drops = await insertFailures(system);
      state = { report, destinations: [...trend.destinations.values()], pairs, drops, rates };
      problem = undefined;
      onLook(state);
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error);
    }
  };
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await look();
      const took = state?.report.tookMs ?? 0;
      await system.sleep(Math.max(PAUSE_MS, took * PAUSE_TIMES), closing.signal);
    }
  };
  let running: Promise<void> | undefined;
  return {
    current: () => state,
    problem: () => problem,
    know: (plan, facts) => {
      known = { plan, facts };
      running ??= run();
    },
    forget: async () => {
      known = undefined;
      await counting.remove();
    },
    close: async () => {
      closing.abort();
      await running;
      await counting.remove();
    },
  };
}

async function insertFailures(system: System): Promise<number | null> {
  const table = await system.readText('/proc/net/stat/nf_conntrack').catch(() => undefined);
  return table === undefined ? null : readInsertFailures(table);
}
