import { markdownTable } from '../markdown-table.ts';
import { paragraph } from '../paragraph.ts';
import { versionsText } from '../versions.ts';
import { type CommandsResult, meetsTarget } from './bench.ts';
import { BRIDGES, FOREIGN_RULES } from './crowded-host.ts';
import type { Measured } from './measure.ts';
import { BARE, TARGET_MS } from './steps.ts';

const ms = (value: number): string => `${Math.round(value)} ms`;
const times = (value: number, unit: number | undefined): string => (unit ? (value / unit).toFixed(1) : '');
const bareOf = (all: readonly Measured[]): number | undefined => all.find(({ name }) => name === BARE.name)?.median;

/** How long each command takes, as Markdown. One string a line. */
export function commandsPage(seen: CommandsResult): readonly string[] {
  return [
    '# How long the commands take',
    '',
    'Written by `npm run bench` on',
    `${versionsText(seen.versions)}, ${seen.cores} ${seen.cores === 1 ? 'core' : 'cores'}.`,
    '',
    ...paragraph(
      `Whole processes, from start to end, ${seen.runs} runs of each in turn, on a lab host with one container bridge.`,
      'The target is for the median. A bare `node` in the same run is the yardstick:',
      'where its median is far above its minimum, the machine was busy.',
    ),
    '',
    ...plainTable(seen.plain),
    '',
    '## At scale',
    '',
    ...paragraph(
      `Medians of the same, beside those of a host with ${BRIDGES} more bridges`,
      `and ${FOREIGN_RULES.toLocaleString('en')} nft rules of other programs; both hosts are measured in the same rounds.`,
    ),
    '',
    ...scaleTable(seen.plain, seen.crowded),
  ];
}

function plainTable(all: readonly Measured[]): readonly string[] {
  const columns = [
    { head: 'command' },
    ...['median', 'min', 'max', `x ${BARE.name}`, 'target'].map((head) => ({ head, align: 'right' as const })),
    { head: 'met' },
  ];
  const rows = all.map((row) => [
    row.name,
    ms(row.median),
    ms(row.min),
    ms(row.max),
    times(row.median, bareOf(all)),
    row.hasTarget ? ms(TARGET_MS) : '',
    row.hasTarget ? (meetsTarget(row) ? 'yes' : '**no**') : '',
  ]);
  return markdownTable(columns, rows);
}

function scaleTable(plain: readonly Measured[], crowded: readonly Measured[]): readonly string[] {
  const columns = [
    { head: 'command' },
    ...['plain host', 'crowded host', 'added'].map((head) => ({ head, align: 'right' as const })),
  ];
  const rows = plain.flatMap(({ name, median }) => {
    const there = crowded.find((row) => row.name === name);
    return there ? [[name, ms(median), ms(there.median), ms(there.median - median)]] : [];
  });
  return markdownTable(columns, rows);
}
