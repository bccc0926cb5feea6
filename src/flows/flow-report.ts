import { type ContainerName, observeContainerNames } from '../observe/container-names.ts';
import type { HostFacts } from '../plan/facts.ts';
import type { Plan } from '../plan/plan.ts';
import { portsText } from '../ports.ts';
import type { System } from '../system/system.ts';
import type { FlowTotals } from './flow-scan.ts';
import { type JudgedFlow, judge } from './judge.ts';
import { observeFlowScan, type Road, type SeenFlows } from './observe-flows.ts';
import { type DestinationRow, destinationRows, type FlowCounts, type SourceRow, sourceRows } from './rows.ts';
import { flowScope } from './scope.ts';

/** A source with what people call it. */
export interface NamedSource extends SourceRow {
  readonly name: string | null;
  readonly image: string | null;
  /** Compose project and service, or namespace and pod. */
  readonly group: string | null;
}

/** One container, all of its addresses together. */
export interface ContainerRow extends FlowCounts {
  readonly name: string;
  readonly image: string;
  readonly group: string | null;
  readonly addresses: readonly string[];
}

/** Who uses which ports towards whom: one pass over conntrack, joined with names. Counts are flows, times ms since the epoch. */
export interface FlowReport {
  readonly at: number;
  readonly tookMs: number;
  readonly road: Road;
  readonly ranges: string;
  readonly available: number;
  readonly totals: Readonly<FlowTotals>;
  /** The fullest first; `destinationsOf` counts them all. */
  readonly destinations: readonly DestinationRow[];
  readonly destinationsOf: number;
  readonly sources: readonly NamedSource[];
  readonly sourcesOf: number;
  readonly containers: readonly ContainerRow[];
  readonly outOfRange: readonly JudgedFlow[];
  readonly hanging: readonly JudgedFlow[];
  /** Flows by the port they leave with, 256 groups of 256 ports. */
  readonly portMap: readonly number[];
}

export interface FlowQuestion {
  readonly plan: Plan;
  readonly facts: HostFacts;
  /** Sockets of the engines that name containers. */
  readonly sockets: readonly string[];
  /** How many destinations and sources are listed. */
  readonly most: number;
  readonly onProgress?: (entries: number) => void;
}

/** Looks at the flows once. Throws what reading conntrack throws. */
export async function observeFlowReport(
  system: System,
  question: FlowQuestion,
): Promise<{
  readonly report: FlowReport;
  readonly seen: SeenFlows;
  readonly names: ReadonlyMap<string, ContainerName>;
}> {
  const { plan, facts, sockets, onProgress } = question;
  const [seen, names] = await Promise.all([
    observeFlowScan(system, flowScope(plan, facts), { onProgress, ahead: true }),
    observeContainerNames(system, sockets),
  ]);
  return { report: flowReport(seen, { ...question, names }), seen, names };
}

/** The report of a scan. Pure. */
export function flowReport(
  { scan, at, tookMs, road }: SeenFlows,
  { plan, facts, names, most }: FlowQuestion & { readonly names: ReadonlyMap<string, ContainerName> },
): FlowReport {
  const destinations = destinationRows(scan, most);
  const sources = sourceRows(scan, most);
  const named = sources.rows.map((row) => ({ ...row, ...namesOf(names.get(row.address)) }));
  return {
    ...{ at, tookMs, road, ranges: portsText(plan.ranges), available: scan.scope.available, totals: scan.totals },
    ...{ destinations: destinations.rows, destinationsOf: destinations.of },
    ...{ sources: named, sourcesOf: sources.of, containers: containerRows(named) },
    outOfRange: scan.outOfRange.map((flow) => judge(flow, plan, facts)),
    hanging: scan.hanging.map((flow) => judge(flow, plan, facts)),
    portMap: Array.from({ length: 256 }, (_, i) =>
      scan.ports.subarray(i * 256, i * 256 + 256).reduce((a, b) => a + b, 0),
    ),
  };
}

const namesOf = (one: ContainerName | undefined): Pick<NamedSource, 'name' | 'image' | 'group'> => ({
  name: one?.name ?? null,
  image: one?.image ?? null,
  group: one?.group ?? null,
});

function containerRows(sources: readonly NamedSource[]): ContainerRow[] {
  const rows = new Map<string, ContainerRow>();
  for (const one of sources) {
    if (one.kind !== 'container') continue;
    const name = one.name ?? one.address;
    const before = rows.get(name);
    rows.set(name, {
      ...{ name, image: one.image ?? '', group: one.group },
      addresses: [...(before?.addresses ?? []), one.address],
      ...(before ? sum(before, one) : countsOf(one)),
    });
  }
  return [...rows.values()].sort((a, b) => b.flows - a.flows);
}

const countsOf = ({ flows, opening, open, closing, outOfRange, hanging }: FlowCounts): FlowCounts => ({
  ...{ flows, opening, open, closing, outOfRange, hanging },
});

const sum = (a: FlowCounts, b: FlowCounts): FlowCounts => ({
  flows: a.flows + b.flows,
  opening: a.opening + b.opening,
  open: a.open + b.open,
  closing: a.closing + b.closing,
  outOfRange: a.outOfRange + b.outOfRange,
  hanging: a.hanging + b.hanging,
});
