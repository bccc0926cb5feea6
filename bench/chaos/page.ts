import { type Column, markdownTable } from '../markdown-table.ts';
import { paragraph } from '../paragraph.ts';
import { versionsText } from '../versions.ts';
import type { JudgedCut, JudgedStray } from './judge.ts';
import type { ChaosResult, DisturbanceRow, LoadRow } from './result.ts';

const SHOWN = 20;
const right = (head: string): Column => ({ head, align: 'right' });
const count = (value: number): string => value.toLocaleString('en');
const clock = (ms: number): string => new Date(ms).toISOString().slice(11, 23);

const FORGOTTEN = paragraph(
  'What the kernel was made to forget (`conntrack -F`, an interface that went down) can only be mapped again',
  "by a packet that may begin a connection. Its FIN and RST, and what the host's own TCP sends on, leave as the",
  'program sent them, with `guard: drop` too, which drops new connections alone; they belong to connections that',
  'have ended, and no answer to them comes back.',
);

/** What a run saw, as Markdown. One string a line. */
export function chaosPage(seen: ChaosResult): readonly string[] {
  const { packets, held, heals } = seen;
  const minutes = (seen.seconds / 60).toFixed(1);
  return [
    '# Chaos',
    '',
    `Written by \`npm run chaos -- --seed ${seen.seed}\` in ${minutes} minutes on`,
    `${versionsText(seen.versions)}.`,
    '',
    `**${count(seen.tried)} connections, ${count(packets.inRange + packets.outOfRange)} packets at the ACL: ${verdict(seen)}**`,
    '',
    ...markdownTable(
      [{ head: 'at the ACL' }, right('count')],
      [
        ['packets with an allowed source port', count(packets.inRange)],
        ['packets with another one, for no reason below', count(packets.outOfRange - packets.away - packets.forgotten)],
        ['of connections from bound ports that began while the fence was taken away', count(packets.away)],
        [
          'the last packets of connections from bound ports that the kernel was made to forget',
          count(packets.forgotten),
        ],
      ],
    ),
    '',
    ...FORGOTTEN,
    '',
    ...(heals
      ? [
          ...paragraph(
            `The fence was taken away ${heals.count} times; it was`,
            `back after ${Math.round(heals.median)} ms (median; ${Math.round(heals.min)} to ${Math.round(heals.max)} ms).`,
            'In that time there are no rules at all; the ports that the kernel chooses are in range without any.',
          ),
          '',
        ]
      : []),
    ...paragraph(
      `Of ${count(held.opened)} connections that stayed open and exchanged data all the time, we cut`,
      `${count(held.cuts.length)}; what was done to the host ended ${count(held.byHarm)}: the kernel forgot how to`,
      'translate them, or had no NAT left when an answer came in.',
    ),
    '',
    ...disturbanceTable(seen.disturbances),
    '',
    ...loadTable(seen.rows),
    '',
    ...paragraph(
      'No answer, and not opened: the link or the engine was away, the fence was being put back,',
      'or the port was taken.',
    ),
    ...(seen.impossibleDownloads > 0
      ? [`${count(seen.impossibleDownloads)} builds or containers could not start, since the engine was away.`]
      : []),
    ...(seen.met ? [] : ['', ...failureLines(seen)]),
  ];
}

function verdict({ met, leaks, held, problems }: ChaosResult): string {
  if (met) return 'none left out of range, none was cut by us.';
  const words = [
    ...(leaks.length > 0 ? [`${count(leaks.length)} flows left out of range`] : []),
    ...(held.cuts.length > 0 ? [`${count(held.cuts.length)} connections were cut`] : []),
    ...problems,
  ];
  return `NOT as promised: ${words.join(', ') || 'not every kind of connection was answered, or packets are unaccounted for'}.`;
}

function disturbanceTable(rows: readonly DisturbanceRow[]): readonly string[] {
  const columns = [
    { head: 'disturbance' },
    { head: 'what is done' },
    right('times'),
    right('not possible'),
    right('flows out of range meanwhile'),
    right('connections ended by it'),
  ];
  return markdownTable(
    columns,
    rows.map(({ name, does, done, impossible, flows, ended }) => [
      name,
      does,
      ...[done, impossible, flows, ended].map(count),
    ]),
  );
}

function loadTable(rows: readonly LoadRow[]): readonly string[] {
  const columns = [{ head: 'connections of' }, { head: 'source port' }, { head: 'over' }];
  const sorted = [...rows].sort((a, b) => keyOf(a).localeCompare(keyOf(b)));
  return markdownTable(
    [...columns, right('tried'), right('answered'), right('no answer'), right('not opened')],
    sorted.map((row) => [
      row.origin,
      row.chosen === 'kernel' ? 'chosen by the kernel' : 'bound, 1024-65535',
      `${row.protocol.toUpperCase()}, ${row.family === 'ipv4' ? 'IPv4' : 'IPv6'}`,
      ...[row.tried, row.answered, row.silent, row.failed].map(count),
    ]),
  );
}

const keyOf = ({ origin, chosen, protocol, family }: LoadRow): string => [origin, chosen, protocol, family].join();

/** When the last disturbances began, and which. */
export const lastDisturbances = (latest: ChaosResult['latest']): readonly string[] =>
  latest.slice(-SHOWN).map(({ name, at }) => `${clock(at)} ${name}`);

/** What helps to find the reason. */
function failureLines(seen: ChaosResult): readonly string[] {
  return [
    `Not as promised; \`npm run chaos -- --seed ${seen.seed}\` repeats the order of the disturbances.`,
    '',
    ...seen.problems.map((problem) => `- ${problem}`),
    ...seen.leaks.slice(0, SHOWN).map((leak) => leakLine(leak, seen)),
    ...(seen.leaks.length > SHOWN ? [`- and ${count(seen.leaks.length - SHOWN)} more flows`] : []),
    ...seen.held.cuts.slice(0, SHOWN).map(cutLine),
    '',
    'The last disturbances:',
    '',
    ...lastDisturbances(seen.latest).map((line) => `- ${line}`),
    '',
    'What the agent said last:',
    '',
    ...seen.agentWords.map((line) => `    ${line}`),
  ];
}

function leakLine({ caller, ...stray }: JudgedStray, { harms, latest }: ChaosResult): string {
  const who = caller
    ? `${caller.origin}, port ${caller.chosen === 'bound' ? 'bound' : 'chosen by the kernel'}`
    : 'unknown';
  const [from, to] = [`${stray.source}:${stray.sourcePort}`, `${stray.destination}:${stray.destinationPort}`];
  const packets = `${stray.packets} packets, ${clock(stray.first)} to ${clock(stray.last)}`;
  const harm = harms.findLast((one) => one.open && one.from - stray.blurMs <= stray.first);
  const before = [
    ...(harm ? [`the fence was away (${harm.name}) from ${clock(harm.from)} to ${clock(harm.to)}`] : []),
    ...lastDisturbances(latest.filter(({ at }) => at <= stray.first).slice(-3)),
  ];
  return `- out of range: ${stray.protocol} ${from} > ${to} (${who}), ${packets}; before it: ${before.join(', ')}`;
}

function cutLine({ kind, protocol, sourcePort, answeredAt, at, why }: JudgedCut): string {
  const what = `${kind.origin}, ${protocol} from port ${sourcePort} to ${kind.connection.host}`;
  return `- cut: ${what}: ${why}, last answer ${clock(answeredAt)}, noticed ${clock(at)}`;
}
