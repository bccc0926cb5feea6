import { markdownTable } from '../markdown-table.ts';
import { paragraph } from '../paragraph.ts';
import { versionsText } from '../versions.ts';
import { isCheap, isFast, MAKERS, MOST_LOOK_MS, MOST_RATIO, RULES, type StandingNatResult } from './bench.ts';

const ms = (value: number): string => `${Math.round(value)} ms`;
const us = (value: number): string => `${value.toFixed(1)} µs`;
const right = (...heads: readonly string[]) => heads.map((head) => ({ head, align: 'right' as const }));
const yes = (met: boolean | undefined): string => (met === undefined ? '' : met ? 'yes' : '**no**');

/** What the rules of others cost, as Markdown. One string a line. */
export function standingNatPage(seen: StandingNatResult): readonly string[] {
  const { versions, cores, load, rounds, flows, looks } = seen;
  return [
    '# What the NAT rules of others cost',
    '',
    'Written by `npm run bench -- standing-nat` on',
    `${versionsText(versions)}, ${cores} ${cores === 1 ? 'core' : 'cores'}, load ${load.toFixed(1)}.`,
    '',
    '## A new connection',
    '',
    ...paragraph(
      `A container opens connections through ${RULES.flows} rules of others in iptables-nft, on two hosts in turn, one of`,
      `them fenced; the fastest of ${rounds} rounds of each, which other work on the machine disturbed least.`,
      '`connection`: TCP, from the first packet to the last, one after the other. `first packet`: a UDP packet to a new',
      'destination, which nothing answers, so that hardly more than the rules is seen; the fence adds as much to a connection.',
      "`kept`: the container's kernel chose an allowed port, as with native ranges; `mapped`: the port has to change.",
      'Once the fence has mapped a connection, the kernel asks no other rule.',
    ),
    '',
    ...markdownTable(
      [
        { head: 'rules' },
        { head: 'what' },
        { head: 'port' },
        ...right('no fence', 'fenced', 'x no fence', 'target'),
        { head: 'met' },
      ],
      flows.map((one) => [
        ...[one.maker, one.what, one.source, us(one.bare.min), us(one.fenced.min), one.ratio.toFixed(2)],
        ...[isCheap(one) === undefined ? '' : `${MOST_RATIO} x`, yes(isCheap(one))],
      ]),
    ),
    '',
    '## A look',
    '',
    ...paragraph(
      'What the agent does when another program has changed NAT rules: it reads the host, follows the rules, and compares the fence with',
      'what it ought to be. Here nothing has to change. It is the time from start to end, which other work on the machine stretches.',
    ),
    '',
    ...markdownTable(
      [{ head: 'rules' }, ...right('how many', 'median', 'min', 'max', 'target'), { head: 'met' }],
      looks.map((one) => [
        ...[one.maker, one.rules.toLocaleString('en'), ms(one.look.median), ms(one.look.min), ms(one.look.max)],
        ...[isFast(one) === undefined ? '' : ms(MOST_LOOK_MS), yes(isFast(one))],
      ]),
    ),
    '',
    ...Object.entries(MAKERS).map(([maker, { about }]) => `- ${maker}: ${about}`),
  ];
}
