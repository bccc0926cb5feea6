import { markdownTable } from '../markdown-table.ts';
import { paragraph } from '../paragraph.ts';
import { versionsText } from '../versions.ts';
import { type EnduranceResult, MOST_IDLE_PERCENT, MOST_MEGABYTES } from './endurance.ts';
import type { HealResult } from './heal.ts';
import type { LatencyResult } from './latency-target.ts';
import { AT_ONCE, type NativeResult } from './native.ts';

const ms = (value: number): string => `${value.toFixed(1)} ms`;
const HEADS = ['', 'measured', 'median', 'p99', 'longest', 'promise', 'met'];
const columns = HEADS.map((head, i) => (i === 0 || i > 4 ? { head } : { head, align: 'right' as const }));

const row = (name: string, { samples, median, p99, longest, promise, met }: LatencyResult): readonly string[] => [
  ...[name, String(samples.length), ms(median), ms(p99), ms(longest)],
  ...[`median < ${promise.medianMs} ms, p99 < ${promise.p99Ms} ms`, met ? 'yes' : '**no**'],
];

/** How soon containers have their range, as Markdown. One string a line. */
export function nativePage({ versions, one, crowd, starts, packets }: NativeResult): readonly string[] {
  return [
    '# How soon a container has its range',
    '',
    `Written by \`npm run bench -- native\` on`,
    `${versionsText(versions)}.`,
    '',
    ...paragraph(
      'A network namespace is mounted as an engine mounts it, beside a running agent;',
      'its `ip_local_port_range` is watched from outside until the allowed range is there.',
      'The time of the `mount` command is part of it.',
    ),
    '',
    ...markdownTable(columns, [row('one after another', one), row(`${AT_ONCE} at once`, crowd)]),
    '',
    ...paragraph(
      'Real containers, whose first instruction reads `/proc/sys/net/ipv4/ip_local_port_range`,',
      'and which then download a file:',
    ),
    '',
    ...markdownTable(
      [{ head: '' }, { head: 'started', align: 'right' }, { head: 'read the allowed range', align: 'right' }],
      starts.map(({ how, started, inTime }) => [how, String(started), String(inTime)]),
    ),
    '',
    ...paragraph(
      `What they sent, as the network ACL saw it: ${packets.inRange.toLocaleString('en')} packets with an allowed source port,`,
      `${packets.outOfRange.toLocaleString('en')} with another.`,
    ),
  ];
}

/** How soon a fence is back, as Markdown. One string a line. */
export function healPage(seen: HealResult): readonly string[] {
  return [
    '# How soon the fence is back',
    '',
    'Written by `npm run bench -- heal` on',
    `${versionsText(seen.versions)}.`,
    '',
    ...paragraph(
      '`nft flush ruleset` is run beside a running agent.',
      "Measured by a listener of the kernel's own events, from the end of the table to the chain that confines.",
    ),
    '',
    ...markdownTable(columns, [row('nft flush ruleset', seen)]),
  ];
}

/** What the agent costs a host, as Markdown. One string a line. */
export function endurancePage(seen: EnduranceResult): readonly string[] {
  const { before, highest, after } = seen.megabytes;
  const yes = (met: boolean): string => (met ? 'yes' : '**no**');
  return [
    '# What the agent costs a host',
    '',
    'Written by `npm run bench -- endurance` on',
    `${versionsText(seen.versions)}.`,
    '',
    ...paragraph(
      `${seen.starts.toLocaleString('en')} containers come and go beside a running agent, twenty at a time:`,
      'real network namespaces in the folder that it watches, and an engine that reports each.',
      `Then nothing happens for ${seen.idleSeconds} s. Memory and time are those of the agent and its children;`,
      'pages that they share are counted for each, so that the short-lived ones that enter namespaces weigh much.',
    ),
    '',
    ...markdownTable(
      [{ head: '' }, { head: 'seen', align: 'right' }, { head: 'promise' }, { head: 'met' }],
      [
        ['memory before the first', `${before.toFixed(1)} MB`, '', ''],
        ['highest while they come, with every child', `${highest.toFixed(1)} MB`, '', ''],
        ['memory after the last', `${after.toFixed(1)} MB`, `< ${MOST_MEGABYTES} MB`, yes(after < MOST_MEGABYTES)],
        [
          ...['CPU when nothing happens, of one core', `${seen.idlePercent.toFixed(2)} %`],
          ...[`< ${MOST_IDLE_PERCENT} %`, yes(seen.idlePercent < MOST_IDLE_PERCENT)],
        ],
        ['namespaces held on to', String(seen.leftOver), '0', yes(seen.leftOver === 0)],
      ],
    ),
  ];
}
