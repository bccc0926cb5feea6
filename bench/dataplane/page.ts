import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { portsText } from '../../src/ports.ts';
import { curvesChart } from '../charts/curves.ts';
import { type Column, markdownTable } from '../markdown-table.ts';
import type { OutputFile } from '../output-file.ts';
import { paragraph } from '../paragraph.ts';
import { quantile } from '../statistics.ts';
import { versionsText } from '../versions.ts';
import { FENCES } from './fences.ts';
import type { Cell, DataplaneResult, Row } from './result.ts';
import { p99, perSecond, slow } from './targets.ts';

const ms = (value: number | undefined): string =>
  value === undefined || !Number.isFinite(value) ? '-' : value < 10 ? value.toFixed(1) : String(Math.round(value));
const chartFile = ({ case: { id } }: Row): string => `dataplane-${id}.svg`;

/** What each fence costs, as Markdown. One string a line. */
export function dataplanePage(seen: DataplaneResult): readonly string[] {
  return [
    '# What a fence costs connections',
    '',
    'Written by `npm run bench -- dataplane` on',
    `${versionsText(seen.versions)}, ${seen.cores} ${seen.cores === 1 ? 'core' : 'cores'}.`,
    '',
    ...paragraph(
      'Real Docker engines, one for each fence, all up at the same time; each case is run with one fence after the',
      `other, so that a busy machine is busy for all. Allowed: ${portsText(LAB_PORTS)}; the ACL counts what it would`,
      'drop and lets it pass, so that the price alone is seen. All connections go to one destination, from ports that',
      `the kernel chooses; ${seen.seconds} s for each paced load, ${seen.seconds / 2} s for UDP and the closed loop.`,
      'The server closes first, so that its TIME_WAIT stands in the way of ports that come again.',
      'Latency is the time until a connection is open; a first packet that is sent again costs a second.',
    ),
    '',
    '| promise of native + confine | seen | met |',
    '| --- | --- | --- |',
    ...seen.targets.map(({ promise, seen: words, met }) => `| ${promise} | ${words} | ${met ? 'yes' : '**no**'} |`),
    ...seen.rows.flatMap(section),
    '',
    'The fences:',
    '',
    ...FENCES.map(({ name, how }) => `- ${name}: \`${how}\``),
  ];
}

const columnsOf = (heads: readonly string[]): readonly Column[] => [
  { head: 'fence' },
  ...heads.map((head) => ({ head, align: 'right' as const })),
];

const HEADS: Readonly<Record<Row['case']['kind'], readonly string[]>> = {
  paced: ['begun', 'p50 ms', 'p99 ms', 'longest ms', 'over 0.9 s', 'failed', 'out of range'],
  udp: ['begun', 'p50 ms', 'p99 ms', 'longest ms', 'unanswered', 'out of range'],
  closed: ['connections/s', 'x no fence', 'p99 ms', 'failed', 'out of range'],
  held: ['asked for', 'held', 'within s', 'out of range'],
};

function section(row: Row): readonly string[] {
  const { kind, name } = row.case;
  const cells = FENCES.map((fence) => [fence.name, ...figures(row, row.cells[fence.id])]);
  const chart = charted(row) ? ['', `![${name}](${chartFile(row)})`] : [];
  return ['', `## ${name}`, '', ...markdownTable(columnsOf(HEADS[kind]), cells), ...chart];
}

function figures(row: Row, cell: Cell): readonly string[] {
  const count = (value: number): string => value.toLocaleString('en');
  const p50 = ms(quantile(cell.latencies, 0.5));
  const longest = ms(cell.latencies.at(-1));
  switch (row.case.kind) {
    case 'paced':
      return [
        ...[count(cell.started), p50, ms(p99(cell)), longest, `${slow(cell).toFixed(2)} %`],
        ...[count(cell.failed), count(cell.outOfRange)],
      ];
    case 'udp':
      return [count(cell.started), p50, ms(p99(cell)), longest, count(cell.failed), count(cell.outOfRange)];
    case 'closed':
      return [
        ...[count(Math.round(perSecond(cell))), (perSecond(cell) / perSecond(row.cells.none)).toFixed(2)],
        ...[ms(p99(cell)), count(cell.failed), count(cell.outOfRange)],
      ];
    case 'held':
      return [
        ...[count(cell.started), count(cell.latencies.length)],
        ...[((cell.latencies.at(-1) ?? 0) / 1000).toFixed(1), count(cell.outOfRange)],
      ];
  }
}

const charted = (row: Row): boolean => row.case.kind === 'paced';
/** Shares on the axis, drawn so that each further nine takes the same room. */
const SHARES = [0, 0.5, 0.9, 0.99, 0.999] as const;
const LATENCIES = [0.1, 1, 10, 100, 1000, 10_000] as const;
const nines = (share: number): number => -Math.log10(1 - Math.min(share, 0.9999));

/** One picture for each paced case: which share of the connections was open within which time. */
export function dataplaneCharts(seen: DataplaneResult): readonly OutputFile[] {
  return seen.rows.filter(charted).map((row) => ({ file: chartFile(row), lines: latencyChart(row) }));
}

function latencyChart(row: Row): readonly string[] {
  const steps = Array.from({ length: 301 }, (_, i) => 1 - 10 ** (-i / 100));
  const curves = FENCES.map(({ id, name }) => {
    const { latencies } = row.cells[id];
    return { name, points: steps.map((share): [number, number] => [share, quantile(latencies, share) ?? 0]) };
  });
  const words = curves.map(({ name }, index) => {
    const cell = row.cells[FENCES[index]?.id ?? 'none'];
    return `${name}: p99 ${ms(p99(cell))} ms, ${cell.failed} failed`;
  });
  return curvesChart({
    title: `${row.case.name}: time until open`,
    about: words.join('; '),
    x: {
      title: 'share of the connections that were open within',
      ticks: SHARES.map((share) => [share, `${share * 100} %`]),
      scale: nines,
    },
    y: {
      title: 'milliseconds',
      ticks: LATENCIES.map((value) => [value, value.toLocaleString('en')]),
      scale: (value) => Math.log10(Math.max(value, 0.01)),
    },
    curves,
  });
}
