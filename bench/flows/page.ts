import { markdownTable } from '../markdown-table.ts';
import type { Summary } from '../statistics.ts';
import { versionsText } from '../versions.ts';
import { ENTRIES, type FlowsSeen, TARGET } from './bench.ts';

const ms = (value: number): string => `${Math.round(value)} ms`;

/** How long a look at all connections takes, as Markdown. One string a line. */
export function flowsPage({ versions, cores, file, kernel, ratio, faster, met }: FlowsSeen): readonly string[] {
  const table = (rows: readonly (readonly [name: string, seen: Summary])[], cat: Summary) =>
    markdownTable(
      [{ head: '' }, ...['median', 'min', 'max', 'x cat'].map((head) => ({ head, align: 'right' as const }))],
      rows.map(([name, { median, min, max }]) => [
        name,
        ms(median),
        ms(min),
        ms(max),
        (median / cat.median).toFixed(2),
      ]),
    );
  return [
    '# How long a look at all connections takes',
    '',
    'Written by `npm run bench -- flows` on',
    `${versionsText(versions)}, ${cores} ${cores === 1 ? 'core' : 'cores'}.`,
    '',
    `The kernel's own table, ${kernel.entries.toLocaleString('en')} entries in a network namespace, ${kernel.cat.count} rounds. Each`,
    'program runs with the highest priority of the scheduler:',
    '',
    ...table(
      [
        ['`cat /proc/net/nf_conntrack > /dev/null`', kernel.cat],
        ['the pass of `portfence flows`', kernel.pass],
        ['`portfence flows`, the whole command', kernel.command],
        ['`conntrack -L -o extended > /dev/null`', kernel.conntrack],
      ],
      kernel.cat,
    ),
    '',
    `The promise is a pass of at most ${TARGET.ratio} times \`cat\`, ${TARGET.faster} times faster than \`conntrack -L\`, and at most`,
    `${TARGET.megabytes} MB for the whole command: ${ratio.toFixed(2)} times, ${faster.toFixed(1)} times faster, ${Math.round(kernel.megabytes)} MB, ${met ? 'kept' : '**not kept**'}.`,
    '',
    `A file of ${ENTRIES.toLocaleString('en')} generated entries in the page cache, where \`cat\` copies memory and the kernel makes no text. This is`,
    "the scanner's own time:",
    '',
    ...table(
      [
        ['`cat FILE > /dev/null`', file.cat],
        ['the scanner', file.scan],
      ],
      file.cat,
    ),
  ];
}
