import { LAB_PORTS } from '../../src/lab/scenario.ts';
import { KERNEL_EPHEMERAL } from '../../src/plan/given-ports.ts';
import { portsText, rangeText } from '../../src/ports.ts';
import { markdownTable } from '../markdown-table.ts';
import { paragraph } from '../paragraph.ts';
import { versionsText } from '../versions.ts';
import type { ComparisonResult } from './compare.ts';
import { APPLY, FENCES, POST_RULE } from './fences.ts';
import { outcomeText } from './outcome.ts';

/** The three fences side by side, as Markdown. One string a line. */
export function comparisonPage({ versions, rows, untried }: ComparisonResult): readonly string[] {
  const fences = [FENCES.none, FENCES.rule, FENCES.portfence];
  const columns = [
    { head: 'case' },
    { head: 'tried' },
    ...fences.map(({ name }) => ({ head: name, align: 'right' as const })),
  ];
  const cells = rows.map(({ name, tried, outcomes }) => [
    name,
    tried,
    ...fences.map(({ id }) => outcomeText(outcomes[id])),
  ]);
  return [
    '# No fence, one rule, portfence',
    '',
    'Written by `npm run bench -- compare` on',
    `${versionsText(versions)}.`,
    '',
    ...paragraph(
      `A host behind a network ACL that lets only ports ${portsText(LAB_PORTS)} back in, with a real Docker engine;`,
      'a fresh testbed and a fresh engine for each column.',
      'The figures are how many of those tried got no answer.',
    ),
    '',
    ...markdownTable(columns, cells),
    ...(untried.length > 0 ? ['', `Not tried here: ${untried.join('; ')}.`] : []),
    '',
    ...paragraph(
      'Downloads leave from ports that the kernel chooses, so without a fence their figure differs from run to run;',
      `connections leave from ports spread evenly over ${rangeText(KERNEL_EPHEMERAL)} unless another range is named.`,
      'Each fence is set up once, when Docker has started:',
    ),
    '',
    `- ${FENCES.rule.name}: \`${POST_RULE}\``,
    `- ${FENCES.portfence.name}: \`portfence ${APPLY.join(' ')}\``,
  ];
}
