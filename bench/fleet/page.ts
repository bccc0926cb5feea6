import { markdownTable } from '../markdown-table.ts';
import { paragraph } from '../paragraph.ts';
import { versionsText } from '../versions.ts';
import { type FleetResult, HOSTS, TARGET_MS } from './bench.ts';

const ms = (value: number): string => `${Math.round(value).toLocaleString('en')} ms`;

/** How long a look at a fleet takes, as Markdown. One string a line. */
export function fleetPage({ versions, cores, cases }: FleetResult): readonly string[] {
  return [
    '# How long a look at many hosts takes',
    '',
    'Written by `npm run bench -- fleet` on',
    `${versionsText(versions)}, ${cores} ${cores === 1 ? 'core' : 'cores'}.`,
    '',
    ...paragraph(
      `[The whole command](seeing.md#many-hosts), ${cases[0]?.took.count} times each, from the start of its process to its`,
      `end. One program answers for ${HOSTS} hosts on addresses of their own, with the code that serves a real agent's`,
      'status and metrics; it shares the cores with the command. Prometheus is a real one that scrapes all of them.',
    ),
    '',
    ...markdownTable(
      [
        { head: '' },
        ...['median', 'min', 'max', 'target'].map((head) => ({ head, align: 'right' as const })),
        { head: 'met' },
      ],
      cases.map(({ name, took: { median, min, max } }) => [
        ...[name, ms(median), ms(min), ms(max), ms(TARGET_MS)],
        max < TARGET_MS ? 'yes' : '**no**',
      ]),
    ),
  ];
}
