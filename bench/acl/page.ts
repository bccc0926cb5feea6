import { markdownTable } from '../markdown-table.ts';
import { paragraph } from '../paragraph.ts';
import type { Summary } from '../statistics.ts';
import { versionsText } from '../versions.ts';
import { type AclResult, TARGET_MS } from './bench.ts';
import { ACLS, ENTRIES, PEERS } from './network.ts';

const ms = (value: number): string => `${Math.round(value)} ms`;

/** How long the network ACLs of a large network take, as Markdown. One string a line. */
export function aclPage({ versions, cores, round, cpu, answers, different, met }: AclResult): readonly string[] {
  const row = (name: string, { median, min, max }: Summary, target: readonly string[]): readonly string[] => [
    ...[name, ms(median), ms(min), ms(max)],
    ...target,
  ];
  return [
    '# How long network ACLs take to solve',
    '',
    'Written by `npm run bench -- acl` on',
    `${versionsText(versions)}, ${cores} ${cores === 1 ? 'core' : 'cores'}.`,
    '',
    ...paragraph(
      `${ACLS} ACLs of ${ENTRIES} entries, each asked which source ports serve HTTPS at`,
      `${PEERS.toLocaleString('en')} peers: blocks and single addresses, a quarter of them IPv6. That is`,
      `${answers.toLocaleString('en')} answers, with ${different} different sets of ports among them; ${round.count} rounds,`,
      'each of which begins with the bare entries.',
      "The target is for the processor's time, which other work on the machine does not stretch.",
    ),
    '',
    ...markdownTable(
      [
        { head: 'a round' },
        ...['median', 'min', 'max', 'target'].map((head) => ({ head, align: 'right' as const })),
        { head: 'met' },
      ],
      [
        row("processor's time", cpu, [ms(TARGET_MS), met ? 'yes' : '**no**']),
        row('from start to end', round, ['', '']),
      ],
    ),
  ];
}
