import type { FlowReport } from '../../flows/flow-report.ts';
import type { Occupancy } from '../../flows/occupancy.ts';
import type { Why } from '../../flows/why.ts';
import type { AgentStatus } from '../../reconcile/agent-status.ts';
import { ageText } from '../agent-status.ts';
import { endText, percentText } from '../flows.ts';
import { tableLines } from '../table.ts';
import { whyLines } from '../why.ts';
import { portMapLines } from './port-map.ts';
import type { Line, Style } from './screen.ts';

/** What a look found. Rates are packets a second since the look before. */
export interface TopData {
  readonly now: number;
  readonly report: FlowReport;
  readonly destinations: readonly Occupancy[];
  readonly status: AgentStatus | undefined;
  readonly layers: string;
  readonly rates: { readonly confined: number; readonly leaked: number; readonly dropped: number } | undefined;
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
}

export const TABS = ['destinations', 'containers', 'sources', 'leaks'] as const;
export type Tab = (typeof TABS)[number];

/** What the person at the terminal chose. */
export interface TopChoice {
  readonly tab: Tab;
  /** Which column sorts, from 0; the first number unless chosen. */
  readonly sort: number;
  readonly filter: string;
  readonly typing: boolean;
  readonly paused: boolean;
  readonly help: boolean;
  readonly selected: number;
  /** The service that is looked into. */
  readonly detail: Why | undefined;
}

export const FIRST_CHOICE: TopChoice = {
  ...{
    tab: 'destinations',
    sort: 0,
    filter: '',
    typing: false,
    paused: false,
    help: false,
    selected: 0,
    detail: undefined,
  },
};

/** A table's row: cells, how it is shown, and the service that it leads to. */
interface Row {
  readonly cells: readonly (string | number)[];
  readonly sorts: readonly number[];
  readonly style: Style;
  readonly service?: { readonly address: string; readonly port: number };
}

const HEADS: Readonly<Record<Tab, readonly string[]>> = {
  destinations: ['destination', 'from', 'in use', 'full', 'left', 'full in', 'opening', 'open', 'closing'],
  containers: ['container', 'part of', 'flows', 'opening', 'open', 'closing', 'out of range', 'no answer'],
  sources: ['source', 'whose', 'flows', 'opening', 'open', 'closing', 'out of range', 'no answer'],
  leaks: ['source', 'leaves as', 'to', 'state', 'what the plan says'],
};

/** The screen's rows from top to bottom, and the service of the selected row. Pure. */
export function topLines(data: TopData, choice: TopChoice, size: { readonly columns: number; readonly rows: number }) {
  const rows = rowsOf(data, choice.tab)
    .filter(({ cells }) => cells.join(' ').toLowerCase().includes(choice.filter.toLowerCase()))
    .sort(
      (a, b) =>
        (b.sorts[choice.sort % (b.sorts.length || 1)] ?? 0) - (a.sorts[choice.sort % (a.sorts.length || 1)] ?? 0),
    );
  const head: Line[] = [
    ...headLines(data, choice),
    ...portMapLines(data.report.portMap, data.ranges, size.columns),
    [],
  ];
  const room = Math.max(1, size.rows - head.length - 2);
  const selected = Math.min(choice.selected, Math.max(0, rows.length - 1));
  const first = Math.max(0, selected - room + 1);
  const table = tableLines([HEADS[choice.tab], ...rows.map(({ cells }) => cells)]);
  const body: Line[] = choice.help
    ? HELP.map((text) => [[text]])
    : choice.detail
      ? whyLines(choice.detail, undefined, data.now).map((text) => [[text]])
      : [
          [[`  ${table[0] ?? ''}`, 'bold']],
          ...rows.slice(first, first + room).map(({ style }, i): Line => {
            const isSelected = first + i === selected;
            return [[`${isSelected ? '>' : ' '} ${table[first + i + 1] ?? ''}`, isSelected ? 'inverse' : style]];
          }),
          ...(rows.length === 0 ? [[['  nothing to show', 'dim']] as Line] : []),
        ];
  const lines = [...head, ...body].slice(0, size.rows - 1);
  while (lines.length < size.rows - 1) lines.push([]);
  return { lines: [...lines, footer(choice)], service: rows[selected]?.service, count: rows.length };
}

function headLines({ now, report, status, layers, rates, destinations }: TopData, choice: TopChoice): Line[] {
  const { totals, available, ranges } = report;
  const state = status?.state ?? 'no agent';
  const fullest = destinations[0];
  const fill = fullest ? percentText(fullest.inUse, fullest.available) : '0 %';
  const rate = (value: number | undefined): string =>
    value === undefined ? '-' : value < 10 ? value.toFixed(1) : String(Math.round(value));
  return [
    [
      ['portfence top  ', 'bold'],
      [state === 'inSync' ? `in sync for ${ageText(now - (status?.stateSince ?? now))}` : state, stateStyle(state)],
      [`  ports ${ranges} (${available})  ${layers}  ${new Date(now).toISOString().slice(11, 19)}`],
      [choice.paused ? '  PAUSED' : '', 'warn'],
    ],
    [
      [`connections ${totals.leaving}  fullest ${fill}  `],
      [`out of range ${totals.outOfRange}  `, totals.outOfRange > 0 ? 'warn' : 'plain'],
      [`unanswered ${totals.hanging}  |  a second: mapped ${rate(rates?.confined)}  `],
      [`leaked ${rate(rates?.leaked)}  `, (rates?.leaked ?? 0) > 0 ? 'bad' : 'plain'],
      [`dropped ${rate(rates?.dropped)}`, (rates?.dropped ?? 0) > 0 ? 'bad' : 'plain'],
    ],
  ];
}

const stateStyle = (state: string): Style => (state === 'inSync' ? 'good' : state === 'failing' ? 'bad' : 'warn');

function rowsOf({ report, destinations }: TopData, tab: Tab): Row[] {
  if (tab === 'destinations') return destinations.map(destinationRow);
  if (tab === 'leaks')
    return report.outOfRange.map((one) => ({
      cells: [
        endText(one.source, one.sourcePort),
        String(one.leavingPort),
        endText(one.destination, one.destinationPort),
        ...[one.state ?? '', one.verdict],
      ],
      ...{ sorts: [], style: one.verdict === 'leak' ? 'bad' : 'plain' },
    }));
  const all = tab === 'containers' ? report.containers : report.sources;
  return all.map((one) => {
    const counts = [one.flows, one.opening, one.open, one.closing, one.outOfRange, one.hanging];
    const names = 'kind' in one ? [one.address, one.name ?? one.kind] : [one.name, one.group ?? one.image];
    return { cells: [...names, ...counts], sorts: counts, style: one.outOfRange > 0 ? 'warn' : 'plain' };
  });
}

function destinationRow(one: Occupancy): Row {
  const share = one.available === 0 ? 0 : one.inUse / one.available;
  const left = Math.max(0, one.available - one.inUse);
  return {
    cells: [
      ...[
        `${one.protocol} ${endText(one.address, one.port)}`,
        one.leaving,
        one.inUse,
        percentText(one.inUse, one.available),
        left,
      ],
      ...[one.fullInS === null ? '' : ageText(one.fullInS * 1000), one.opening, one.open, one.closing],
    ],
    sorts: [one.inUse, one.fullInS === null ? 0 : 1 / (1 + one.fullInS), one.opening, one.open, one.closing],
    style: share >= 0.8 ? 'bad' : share >= 0.5 ? 'warn' : 'plain',
    service: { address: one.address, port: one.port },
  };
}

function footer({ typing, filter, tab }: TopChoice): Line {
  if (typing)
    return [
      [`filter: ${filter}_`, 'inverse'],
      ['  Enter keeps it, Escape drops it', 'dim'],
    ];
  return [
    [`${tab}${filter ? ` with '${filter}'` : ''}`, 'inverse'],
    ['  Tab view  o sort  / filter  Enter who  p pause  ? help  q quit', 'dim'],
  ];
}

const HELP = [
  '',
  'Tab, or d c s l   destinations, containers, sources, leaks',
  'up, down, j, k    select a row; page up and down',
  'Enter             who fills the selected destination, and what to do',
  'o                 sort by the next column of numbers',
  '/                 show only rows that hold a text',
  'p or space        pause and go on',
  '?                 this help; Escape goes back',
  'q or Ctrl-C       quit',
  '',
  'The two rows of the port map: connections by the port they leave with, out of range in red,',
  'and the allowed range below.',
];
