import type { FlowReport } from '../flows/flow-report.ts';
import type { JudgedFlow } from '../flows/judge.ts';
import type { DestinationRow } from '../flows/rows.ts';
import { type CsvCell, csvLines } from './csv.ts';
import { tableLines } from './table.ts';

export const FLOW_VIEWS = ['destination', 'source', 'container'] as const;
export type FlowView = (typeof FLOW_VIEWS)[number];

/** From this part of the range on a destination is named: a connect() searches 100 times longer from there (measured). */
export const WARN_AT = 0.5;

/** A share as people read it: `0.4 %`, `12 %`. */
export function percentText(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (part / whole) * 100;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** `203.0.113.10:443`, `[2001:db8::1]:443`. */
export const endText = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

/** The flows of a host for people. */
export function flowLines(report: FlowReport, view: FlowView, most: number): readonly string[] {
  const { totals, road, tookMs } = report;
  const rows = viewRows(report, view);
  return [
    `${totals.leaving} of ${totals.entries} connections leave; ${totals.outOfRange} out of range ${report.ranges}, ${totals.hanging} without an answer`,
    `read from ${road} in ${tookMs} ms${totals.malformed > 0 ? `; ${totals.malformed} lines were no connection` : ''}`,
    '',
    ...tableLines([VIEW_HEADS[view], ...rows.slice(0, most)]),
    ...(rows.length > most ? [`and ${rows.length - most} more (--limit)`] : []),
    ...(totals.unplaced > 0 ? [`${totals.unplaced} connections to more destinations than the table holds`] : []),
    ...fullLines(report.destinations),
  ];
}

const COUNT_HEADS = ['opening', 'open', 'closing', 'out of range', 'no answer'];

const VIEW_HEADS: Readonly<Record<FlowView, readonly string[]>> = {
  destination: ['destination', 'from', 'in use', 'of', 'full', ...COUNT_HEADS],
  source: ['source', 'whose', 'flows', ...COUNT_HEADS],
  container: ['container', 'image', 'part of', 'flows', ...COUNT_HEADS],
};

function viewRows(report: FlowReport, view: FlowView): readonly (readonly CsvCell[])[] {
  if (view === 'container')
    return report.containers.map((one) => [one.name, one.image, one.group ?? '', one.flows, ...counts(one)]);
  if (view === 'source')
    return report.sources.map((one) => [one.address, one.name ?? one.kind, one.flows, ...counts(one)]);
  return report.destinations.map((one) => [
    ...[`${one.protocol} ${endText(one.address, one.port)}`, one.leaving, one.inUse, one.available],
    ...[percentText(one.inUse, one.available), ...counts(one)],
  ]);
}

const counts = (one: Pick<DestinationRow, 'opening' | 'open' | 'closing' | 'outOfRange' | 'hanging'>) => [
  ...[one.opening, one.open, one.closing, one.outOfRange, one.hanging],
];

function fullLines(rows: readonly DestinationRow[]): readonly string[] {
  const full = rows.filter(({ inUse, available }) => inUse >= available * WARN_AT);
  if (full.length === 0) return [];
  return [
    '',
    'filling up (half of the ports are in use: new connections take longer already):',
    ...full.map(
      ({ protocol, address, port, inUse, available }) =>
        `  ${protocol} ${endText(address, port)}: ${percentText(inUse, available)}  (portfence why ${endText(address, port)})`,
    ),
  ];
}

const VERDICTS: Readonly<Record<JudgedFlow['verdict'], string>> = {
  leak: 'a leak: a new connection like it is mapped',
  'left-alone': 'left alone by the policy',
  unfollowed: 'left to the NAT of another',
  'not-ours': "none of the fence's business",
};

/** Single flows, with what the plan says of each. */
export function judgedLines(title: string, flows: readonly JudgedFlow[], of: number): readonly string[] {
  if (flows.length === 0) return [`no ${title}`];
  return [
    `${of} ${title}${of > flows.length ? `, the first ${flows.length}:` : ':'}`,
    ...tableLines(
      flows.map((one) => [
        one.protocol,
        endText(one.source, one.sourcePort),
        `leaves as ${endText(one.leaving, one.leavingPort)}`,
        `to ${endText(one.destination, one.destinationPort)}`,
        one.state ?? '',
        VERDICTS[one.verdict] + (one.rule ? ` (${one.rule})` : ''),
      ]),
    ),
  ];
}

/** A view as comma-separated values, heads first. */
export const flowCsv = (report: FlowReport, view: FlowView): readonly string[] =>
  csvLines([VIEW_HEADS[view], ...viewRows(report, view)]);
